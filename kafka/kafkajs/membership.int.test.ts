/** Consumers that lose their membership or their connections, on real Kafka. */
import { expect, onTestFinished, test } from 'vitest';
import { createWorld, settled } from '../../e2e/world.ts';
import { KafkaError } from '../errors.ts';
import { GroupRefusal, type GroupPorts } from '../group/ports.ts';
import { READS_ONLY } from './cluster.fixture.ts';

/** A request that fails the next time, if it is told to. */
type Failures = Partial<Record<'heartbeat' | 'join' | 'leave' | 'fetch', Error | undefined>>;

function failing(ports: GroupPorts, failures: Failures): GroupPorts {
  const once = async <T>(request: keyof Failures, real: () => Promise<T>): Promise<T> => {
    const error = failures[request];
    failures[request] = undefined;
    if (error !== undefined) throw error;
    return real();
  };
  const { group, fetch } = ports;
  return {
    ...ports,
    group: {
      ...group,
      heartbeat: (of) => once('heartbeat', () => group.heartbeat(of)),
      join: (...who) => once('join', () => group.join(...who)),
      leave: (id) => once('leave', () => group.leave(id)),
    },
    fetch: { ...fetch, fetch: (...what) => once('fetch', () => fetch.fetch(...what)) },
  };
}

/** A member alone in its group that has read a first record; `log` says what happens to it. */
async function startMember(sessionTimeoutMs: number) {
  const { kafka, config } = (await createWorld({ registry: false })).context;
  const topic = config.topics.names.churnModels;
  const producer = await kafka.openProducer();
  const groupId = `${config.group}.membership`;
  const failures: Failures = {};
  const consumer = kafka.consumer({
    ...{ ...READS_ONLY, topic, groupId, sessionTimeoutMs },
    wrapGroup: (ports) => failing(ports, failures),
  });
  const log: string[] = [];
  const nothing = (): void => undefined;
  await consumer.start({
    assigned: (partitions) => {
      log.push('joined');
      for (const partition of partitions) {
        consumer.source.seek(partition, 0);
        consumer.source.resume(partition);
      }
    },
    deliver: async (_, records, { heartbeat, resolve }) => {
      await heartbeat();
      for (const { key, offset } of records) {
        log.push(String(key));
        resolve(offset);
      }
    },
    ...{ lag: nothing, alive: nothing, heard: nothing, failed: nothing },
    left: () => log.push('left'),
    crashed: (error) => log.push(error.message),
  });
  onTestFinished(async () => {
    await consumer.stop();
    await producer.close();
  });
  const send = (key: string): Promise<void> => producer.send(topic, [{ key, value: key }]);
  await send('first');
  await settled(() => log.includes('first'), 'the first record', 30_000, 0);
  const order = (): string[] => log.filter((word, i) => word !== log[i - 1]);
  return { log, send, failures, order };
}

const away = new KafkaError('transient', 'NETWORK_EXCEPTION');

test(
  'a member that the group has forgotten, and whose join fails, joins again before it takes another record',
  { timeout: 60_000 },
  async () => {
    const { log, send, failures, order } = await startMember(6000);
    failures.join = away;
    failures.heartbeat = new GroupRefusal('unknown-member', 'UNKNOWN_MEMBER_ID');
    await settled(() => log.includes('left'), 'the loss', 10_000, 0);
    await send('second');
    await settled(() => log.includes('second'), 'the second record', 30_000, 500);
    expect(order()).toEqual(['joined', 'first', 'left', 'joined', 'first', 'second']); // nothing was committed
  },
);

test(
  'a consumer that joins again after a rebalance is the member it was: the group waits for no other',
  { timeout: 60_000 },
  async () => {
    const { log, send, failures, order } = await startMember(30_000);
    failures.heartbeat = new GroupRefusal('rebalancing', 'REBALANCE_IN_PROGRESS');
    await settled(() => log.includes('left'), 'the loss', 10_000, 0);
    await send('second');
    await settled(() => log.includes('second'), 'the second record', 10_000, 0); // long before a session ends
    expect(order()).toEqual(['joined', 'first', 'left', 'joined', 'first', 'second']);
  },
);

test('heartbeats and fetches that fail for a moment end nothing', { timeout: 60_000 }, async () => {
  const { log, send, failures, order } = await startMember(10_000);
  failures.heartbeat = away;
  failures.fetch = away;
  await settled(() => failures.heartbeat === undefined && failures.fetch === undefined, 'both', 10_000, 0);
  await send('second');
  await settled(() => log.includes('second'), 'the second record', 10_000, 0);
  expect(order()).toEqual(['joined', 'first', 'second']);
});
