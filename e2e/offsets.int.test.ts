/** What happens where offsets or partitions are not what they should be: never a silent jump, never a record twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { addPartitions, deleteRecords } from '../kafka/kafkajs/cluster.fixture.ts';
import { collect, createWorld, events, produceRaw, settled, type World } from './world.ts';

const brokersOf = ({ context }: World): string => context.config.kafka.brokers.join();

async function produceEvents(world: World, count: number, seed: number): Promise<string[]> {
  const all = events(count, seed);
  await produceRaw(
    world,
    all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
  );
  return all.map(({ eventId }) => eventId);
}

const idsOf = (scores: readonly { value: Buffer | null }[]): string[] =>
  scores.map(({ value }) => (JSON.parse(String(value)) as { eventId: string }).eventId).sort();

test(
  'committed offsets expired: goes on after the last output, nothing twice',
  { timeout: 120_000 },
  async () => {
    const world = await createWorld({ registry: false });
    const first = await world.start();
    const out = await collect(world);
    const before = await produceEvents(world, 1500, 21);
    await settled(() => out.scores.length >= 1500, 'the first scores');
    expect(await first.stop()).toBe(0);
    await world.context.kafka.administer((admin) => admin.deleteGroups([world.context.config.group]));
    const second = await world.start();
    const after = await produceEvents(world, 500, 22);
    await settled(() => out.scores.length >= 2000, 'the other scores', 60_000, 3000);
    expect(idsOf(out.scores)).toEqual([...before, ...after].sort());
    expect(second.tail()).toContain('no committed offset');
  },
);

test(
  'records deleted before they were processed: the process stops and says so, at start and while it runs',
  { timeout: 120_000 },
  async () => {
    const world = await createWorld({ registry: false });
    const { customerEvents } = world.context.config.topics.names;
    const first = await world.start();
    const out = await collect(world);
    await produceEvents(world, 600, 23);
    await settled(() => out.scores.length >= 600, 'the first scores');
    process.kill(first.pid, 'SIGSTOP');
    await produceEvents(world, 600, 24); // may answer the fetch that is under way
    await produceEvents(world, 600, 25); // cannot: the process stands still
    await deleteRecords(brokersOf(world), customerEvents);
    process.kill(first.pid, 'SIGCONT');
    expect(await first.exited).toBe(1);
    expect(first.tail()).toContain('OFFSET_OUT_OF_RANGE');

    const second = await world.start();
    expect(await second.exited).toBe(1);
    expect(second.tail()).toContain('records were deleted before they were processed');
    // Whatever was read before the end: of each partition all from its beginning, nothing left out, nothing twice.
    const offsets = new Map<string, number[]>();
    for (const { value } of out.scores) {
      const [, partition, offset] = (JSON.parse(String(value)) as { scoreId: string }).scoreId.split('/');
      offsets.set(partition!, [...(offsets.get(partition!) ?? []), Number(offset)]);
    }
    for (const found of offsets.values()) expect(found).toEqual(found.map((_, i) => i));
  },
);

/** All of the roles’ outputs that have not grown. */
const WAITING = /^fewer partitions than \S+customer-events \(7\): \S+/;

test(
  'a new input partition without its output partition waits, with an alert; it goes on when that is there',
  { timeout: 120_000 },
  async () => {
    const world = await createWorld({ registry: false });
    const { customerEvents, churnScores, deadLetters } = world.context.config.topics.names;
    const grow = (...topics: string[]): Promise<void> => addPartitions(brokersOf(world), topics, 7);
    const service = await world.start();
    const out = await collect(world);
    const ids = await produceEvents(world, 300, 25);
    await settled(() => out.scores.length >= 300, 'the first scores');
    await grow(customerEvents);
    const detail = async (): Promise<unknown> => {
      const answer = await fetch(`http://127.0.0.1:${String(service.port)}/health/ready`);
      return ((await answer.json()) as { detail?: unknown }).detail;
    };
    let seen: unknown;
    for (let tries = 0; tries < 200 && !WAITING.test(String(seen)); tries++) {
      await sleep(200);
      seen = await detail();
    }
    expect(seen).toMatch(WAITING);
    expect(service.tail()).toContain('PARTITION_MISSING');
    const late = await produceEvents(world, 700, 26);
    await grow(churnScores, deadLetters);
    await settled(() => out.scores.length >= 1000, 'the scores of all partitions', 90_000);
    expect(idsOf(out.scores)).toEqual([...ids, ...late].sort());
  },
);
