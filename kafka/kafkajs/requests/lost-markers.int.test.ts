/**
 * Kafka 4.1 to 4.3 can complete a transaction without some or all of its markers (KAFKA-20734: a broker that comes back while
 * a decided transaction waits for them). Here they are kept away on purpose: the coordinator is not told of a partition, and
 * the broker does not ask it. Whoever opens the id next, or fences it, must find the transaction decided as it was, everywhere.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { kafkajs } from '../patches/install.io.ts';
import type { Generation, MarkerScope, TransactionalProducer } from '../../group/ports.ts';
import { withAdmin } from '../cluster.fixture.ts';
import { framed, joinAlone, openSockets, scopeOf, setScene, type Scene } from '../group-ports.fixture.ts';
import type { GroupPorts } from '../../group/ports.ts';
import { answering, API, DONE } from './intercept.fixture.ts';

/** The broker no longer asks the coordinator whether a partition is part of the transaction. */
async function verify(isOn: boolean): Promise<void> {
  await withAdmin(inject('kafka').brokers, async (admin) => {
    const { brokers } = await admin.describeCluster();
    const configEntries = [{ name: 'transaction.partition.verification.enable', value: String(isOn) }];
    const resources = brokers.map(({ nodeId }) => ({
      type: kafkajs.ConfigResourceTypes.BROKER,
      name: String(nodeId),
      configEntries,
    }));
    await admin.alterConfigs({ validateOnly: false, resources });
  });
}

beforeAll(() => verify(false));
afterAll(() => verify(true));

const TIMEOUT = { timeout: 60_000 };
/** Two partitions with outputs, and one of which the coordinator is always told. */
const [LEFT, RIGHT, TOLD] = [3, 4, 5];
type Lost = 'left' | 'right' | 'offset';

interface Ending {
  readonly values: readonly string[];
  readonly offset: number;
  readonly commits: boolean;
  readonly lost: readonly Lost[];
}

/** A transaction of which the coordinator does not learn everything. */
async function writeUntold(
  scene: Scene,
  producer: TransactionalProducer,
  of: Generation,
  ending: Ending,
): Promise<void> {
  const { values, offset, commits, lost } = ending;
  const all = [LEFT, RIGHT, TOLD].map((partition) => ({ topic: scene.output, partition }));
  const told = all.filter(({ partition }) => !lost.includes(partition === LEFT ? 'left' : partition === RIGHT ? 'right' : 'offset') || partition === TOLD); // prettier-ignore
  const answer = (): Buffer | undefined => (lost.includes('offset') ? DONE : undefined);
  await answering(API.addOffsets, answer, async () => {
    await producer.addPartitions(told);
    await producer.produce(all.map((partition) => ({ ...partition, records: framed(values) })));
    await producer.commitOffsets(of, [{ partition: 0, offset, note: '' }]);
    await producer.end(commits);
  });
}

async function setOut() {
  const scene = await setScene();
  const ports = await scene.ports();
  const of = await joinAlone(ports, 'wa');
  const at = (...partitions: number[]) =>
    scopeOf(partitions.map((partition) => ({ topic: scene.output, partition })));
  const id = scene.writer('a');
  const first = await ports.transactions.open(id, at(LEFT, RIGHT, TOLD));
  return { scene, ports, of, at, id, first };
}

const committed = async ({ offsets }: GroupPorts): Promise<unknown> => (await offsets.read([0], true)).get(0);
const OFFSET_3 = { offset: 3, note: '' };
const NO_OFFSET = { offset: undefined, note: '' };

const CASES = [
  { commits: true, lost: ['left', 'right', 'offset'] },
  { commits: true, lost: ['left'] },
  { commits: true, lost: ['offset'] },
  { commits: true, lost: [] },
  { commits: false, lost: ['left', 'right', 'offset'] },
  { commits: false, lost: ['offset'] },
] as const;

test.for(CASES)('commits: $commits, lost: $lost: who opens the id finds it decided', TIMEOUT, async ({ commits, lost }) => {
  const { scene, ports, of, at, id, first } = await setOut();
  await writeUntold(scene, first, of, { values: ['a', 'b'], offset: 3, commits, lost });
  const second = await ports.transactions.open(id, at(LEFT, RIGHT, TOLD));
  expect(await committed(ports)).toEqual(commits ? OFFSET_3 : NO_OFFSET);
  const kept = commits ? ['a', 'b'] : [];
  for (const partition of [LEFT, RIGHT, TOLD]) expect(await scene.written(partition)).toEqual(kept);

  await writeUntold(scene, second, of, { values: ['c'], offset: 4, commits: true, lost: [] });
  await ports.transactions.open(id, at(LEFT, RIGHT, TOLD));
  expect(await committed(ports)).toEqual({ offset: 4, note: '' });
  for (const partition of [LEFT, RIGHT, TOLD]) expect(await scene.written(partition)).toEqual([...kept, 'c']);
}); // prettier-ignore

test.for(CASES)('commits: $commits, lost: $lost: each who fences it finds it decided in its own partitions', TIMEOUT, async ({ commits, lost }) => {
  const { scene, ports, of, at, id, first } = await setOut();
  await writeUntold(scene, first, of, { values: ['a', 'b'], offset: 3, commits, lost });
  const kept = commits ? ['a', 'b'] : [];
  await ports.transactions.fence(id, at(LEFT));
  expect(await committed(ports)).toEqual(commits ? OFFSET_3 : NO_OFFSET);
  expect(await scene.written(LEFT)).toEqual(kept);
  const other = await scene.ports();
  await other.transactions.fence(id, at(RIGHT));
  expect(await scene.written(RIGHT)).toEqual(kept);
  await other.transactions.fence(id, at(LEFT, RIGHT)); // and again, to no effect
  await other.transactions.open(id, at(LEFT, RIGHT)); // or its owner, who was alive
  for (const partition of [LEFT, RIGHT, TOLD]) expect(await scene.written(partition)).toEqual(kept);
  await expect(first.addPartitions(at(LEFT).outputs)).rejects.toMatchObject({ kind: 'fenced' });
}); // prettier-ignore

test.for([
  { step: 'addPartitions', how: 'open' },
  { step: 'addPartitions', how: 'fence' },
  { step: 'endTransaction', how: 'open' },
  { step: 'endTransaction', how: 'fence' },
] as const)('a renewal by $how that is interrupted at $step is finished by another', TIMEOUT, async ({ step, how }) => {
  const { scene, ports, of, at, id, first } = await setOut();
  await writeUntold(scene, first, of, { values: ['a'], offset: 3, commits: true, lost: ['left', 'offset'] });
  const renew = async (): Promise<unknown> => ports.transactions[how](id, at(LEFT, RIGHT, TOLD));
  await expect(answering(API[step], () => new Error('interrupted'), renew)).rejects.toThrow('interrupted');
  const { transactions } = await scene.ports();
  if (how === 'open') await transactions.open(id, at(LEFT, RIGHT, TOLD));
  else for (const partition of [RIGHT, LEFT]) await transactions.fence(id, at(partition));
  expect(await committed(ports)).toEqual(OFFSET_3);
  for (const partition of [LEFT, RIGHT, TOLD]) expect(await scene.written(partition)).toEqual(['a']);
}); // prettier-ignore

test(
  'a transaction that is open when its writer is gone is given up, whoever fences it',
  TIMEOUT,
  async () => {
    const { scene, ports, of, at, id, first } = await setOut();
    await first.addPartitions(at(LEFT, RIGHT).outputs);
    await first.produce(at(LEFT, RIGHT).outputs.map((to) => ({ ...to, records: framed(['open']) })));
    await first.commitOffsets(of, [{ partition: 0, offset: 3, note: '' }]);
    await ports.transactions.fence(id, at(RIGHT));
    await (await scene.ports()).transactions.fence(id, at(LEFT));
    expect(await committed(ports)).toEqual(NO_OFFSET);
    for (const partition of [LEFT, RIGHT]) expect(await scene.written(partition)).toEqual([]);
  },
);

/** Tries again where another is faster. */
const fenceAmongOthers = async (
  { transactions }: GroupPorts,
  id: string,
  scope: MarkerScope,
): Promise<void> => {
  for (let left = 10; ; left--)
    try {
      await transactions.fence(id, scope);
      return;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(10);
    }
};

test.for([true, false])('commits: %s: several fence at once, and decide the same', TIMEOUT, async (commits) => {
  for (let times = 3; times > 0; times--) {
    const { scene, ports, of, at, id, first } = await setOut();
    await writeUntold(scene, first, of, { values: ['a'], offset: 3, commits, lost: ['left', 'right', 'offset'] });
    const others = [ports, await scene.ports(), await scene.ports()];
    await Promise.all(others.map((other, i) => fenceAmongOthers(other, id, at([LEFT, RIGHT, TOLD][i]!))));
    expect(await committed(ports)).toEqual(commits ? OFFSET_3 : NO_OFFSET);
    for (const partition of [LEFT, RIGHT, TOLD]) expect(await scene.written(partition)).toEqual(commits ? ['a'] : []);
  }
}); // prettier-ignore

test('who has asked before another fences, and fences while that one renews, changes no decision', TIMEOUT, async () => {
  const { scene, ports, of, at, id, first } = await setOut();
  await writeUntold(scene, first, of, { values: ['a'], offset: 3, commits: true, lost: ['left', 'right', 'offset'] });
  const other = await scene.ports();
  await other.offsets.read([0], true); // it is connected
  let fences = 0;
  const late = (): Promise<undefined> => sleep(fences++ === 0 ? 0 : 100, undefined);
  const slow = (): Promise<undefined> => sleep(400, undefined);
  await answering(API.initProducerId, late, () =>
    answering(API.endTransaction, slow, () =>
      Promise.all([fenceAmongOthers(ports, id, at(LEFT)), fenceAmongOthers(other, id, at(RIGHT))]),
    ),
  );
  expect(fences).toBe(2);
  expect(await committed(ports)).toEqual(OFFSET_3);
  for (const partition of [LEFT, RIGHT, TOLD]) expect(await scene.written(partition)).toEqual(['a']);
}); // prettier-ignore

test('a producer whose connection broke writes nothing more', TIMEOUT, async () => {
  const { scene, ports, of, at, id } = await setOut();
  const before = new Set(openSockets());
  const producer = await ports.transactions.open(id, at(LEFT));
  const ending: Ending = { values: ['a'], offset: 3, commits: true, lost: [] };
  await writeUntold(scene, producer, of, ending);
  expect(producer.isSound()).toBe(true);
  const own = openSockets().filter((socket) => !before.has(socket));
  expect(own).toHaveLength(1); // one broker: coordinators and leaders are all the same
  for (const socket of own) socket.destroy(new Error('broken'));
  await sleep(100);
  expect(producer.isSound()).toBe(false);
  await expect(producer.addPartitions(at(LEFT).outputs)).rejects.toThrow('a connection broke');
  await expect(producer.end(true)).rejects.toThrow('a connection broke');
  await ports.transactions.open(id, at(LEFT, RIGHT, TOLD));
  expect(await scene.written(LEFT)).toEqual(['a']);
});
