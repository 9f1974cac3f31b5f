/** Consumers that lose their membership or their connections, on real Kafka. */
import { createRequire } from 'node:module';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createWorld, settled } from '../../../e2e/world.ts';

const require = createRequire(import.meta.url);
interface Request {
  readonly groupId?: string;
  readonly topics?: readonly { readonly topic: string }[];
}
type Requests = Record<'heartbeat' | 'joinGroup' | 'leaveGroup' | 'fetch', (of: Request) => Promise<unknown>>;
const { prototype: broker } = require('kafkajs/src/broker') as { prototype: Requests };
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): Error;
};
const { KafkaJSNoBrokerAvailableError: NoBroker } = require('kafkajs/src/errors') as {
  KafkaJSNoBrokerAvailableError: new () => Error;
};
const [UNKNOWN_MEMBER_ID, NETWORK_EXCEPTION] = [25, 13];

/** The next such request fails. */
function failOnce(request: keyof Requests, isOurs: (of: Request) => boolean, error: Error): void {
  const real = broker[request];
  const spy = vi.spyOn(broker, request).mockImplementation(function (this: Requests, of) {
    if (!isOurs(of)) return real.call(this, of);
    spy.mockRestore();
    return Promise.reject(error);
  });
  onTestFinished(() => spy.mockRestore());
}

/** A member alone in its group that has read a first record; `log` says what happens to it. */
async function startMember(sessionTimeoutMs: number) {
  const { kafka, config } = (await createWorld({ registry: false })).context;
  const topic = config.topics.names.churnModels;
  const producer = await kafka.openProducer();
  const groupId = `${config.group}.membership`;
  const consumer = kafka.consumer({ topic, groupId, startFrom: 'earliest', sessionTimeoutMs });
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
    failed: nothing,
    crashed: (error) => log.push(error.message),
  });
  onTestFinished(async () => {
    await consumer.stop();
    await producer.close();
  });
  const send = (key: string): Promise<void> => producer.send(topic, [{ key, value: key }]);
  await send('first');
  await settled(() => log.includes('first'), 'the first record', 30_000, 0);
  const ofGroup = (of: Request): boolean => of.groupId === groupId;
  const ofTopic = (of: Request): boolean => of.topics?.some((each) => each.topic === topic) === true;
  const order = (): string[] => log.filter((word, i) => word !== log[i - 1]);
  return { log, send, ofGroup, ofTopic, order };
}

test(
  'a member that the group has forgotten, and whose join fails, joins again before it takes another record',
  { timeout: 60_000 },
  async () => {
    const { log, send, ofGroup, order } = await startMember(6000);
    failOnce('joinGroup', ofGroup, createErrorFromCode(NETWORK_EXCEPTION));
    failOnce('heartbeat', ofGroup, createErrorFromCode(UNKNOWN_MEMBER_ID));
    await vi.waitFor(() => expect(vi.isMockFunction(broker.heartbeat)).toBe(false), 10_000); // it has been told
    await send('second');
    await settled(() => log.includes('second'), 'the second record', 30_000, 500);
    expect(order()).toEqual(['joined', 'first', 'left', 'joined', 'first', 'second']); // nothing was committed
  },
);

test(
  'a consumer that is started again after an outage is the member it was: the group waits for no other',
  { timeout: 60_000 },
  async () => {
    const { log, send, ofGroup, ofTopic, order } = await startMember(30_000);
    failOnce('leaveGroup', ofGroup, createErrorFromCode(NETWORK_EXCEPTION));
    failOnce('fetch', ofTopic, new NoBroker()); // which ends the consumer
    await vi.waitFor(() => expect(log).toContain('left'), 10_000);
    await send('second');
    await settled(() => log.includes('second'), 'the second record', 10_000, 0); // long before a session ends
    expect(order()).toEqual(['joined', 'first', 'left', 'joined', 'first', 'second']);
  },
);
