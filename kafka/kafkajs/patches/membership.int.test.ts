/** A consumer that the group has forgotten, on real Kafka. */
import { createRequire } from 'node:module';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createWorld, settled } from '../../../e2e/world.ts';

const require = createRequire(import.meta.url);
interface Broker {
  heartbeat(request: { readonly groupId: string }): Promise<unknown>;
  joinGroup(request: { readonly groupId: string }): Promise<unknown>;
}
const { prototype: broker } = require('kafkajs/src/broker') as { prototype: Broker };
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): Error;
};
const [UNKNOWN_MEMBER_ID, NETWORK_EXCEPTION] = [25, 13];

/** Kafka answers the next such request with an error. */
function failOnce(request: keyof Broker, groupId: string, code: number): void {
  const real = broker[request];
  const spy = vi.spyOn(broker, request).mockImplementation(function (this: Broker, of) {
    if (of.groupId !== groupId) return real.call(this, of);
    spy.mockRestore();
    return Promise.reject(createErrorFromCode(code));
  });
  onTestFinished(() => spy.mockRestore());
}

test(
  'a member that the group has forgotten, and whose join fails, joins again before it takes another record',
  { timeout: 60_000 },
  async () => {
    const { kafka, config } = (await createWorld({ registry: false })).context;
    const topic = config.topics.names.churnModels;
    const producer = await kafka.openProducer();
    const groupId = `${config.group}.membership`;
    const consumer = kafka.consumer({
      topic,
      groupId,
      startFrom: 'earliest',
      sessionTimeoutMs: 6000,
    });
    const log: string[] = [];
    const nothing = (): void => undefined;
    await consumer.start({
      assigned: () => log.push('joined'),
      deliver: async (_, records, { heartbeat, resolve }) => {
        await heartbeat();
        for (const { key, offset } of records) {
          log.push(String(key));
          resolve(offset);
        }
      },
      lag: nothing,
      alive: nothing,
      heard: nothing,
      left: () => log.push('left'),
      crashed: (error) => log.push(error.message),
    });
    onTestFinished(async () => {
      await consumer.stop();
      await producer.close();
    });
    await producer.send(topic, [{ key: 'first', value: '1' }]);
    await settled(() => log.includes('first'), 'the first record', 30_000, 0);
    failOnce('joinGroup', groupId, NETWORK_EXCEPTION);
    failOnce('heartbeat', groupId, UNKNOWN_MEMBER_ID);
    await vi.waitFor(() => expect(vi.isMockFunction(broker.heartbeat)).toBe(false), 10_000); // it has been told
    await producer.send(topic, [{ key: 'second', value: '2' }]);
    await settled(() => log.includes('second'), 'the second record', 30_000, 500);
    const order = log.filter((word, i) => word !== log[i - 1]);
    expect(order).toEqual(['joined', 'first', 'left', 'joined', 'first', 'second']); // nothing was committed
  },
);
