/** No event is skipped: a topic that was created again, a new group, outputs that do not say whose they are, a log that expires. */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openOperatorsWriter } from '../kafka/writers.ts';
import { roleTopics } from '../service/role-topics.ts';
import { programArguments } from '../cli/service-process.io.ts';
import { prepareTopics } from '../cli/topics.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { collect, createWorld, events, produceRaw, settled, type World } from './world.ts';

const LONG = { timeout: 180_000 };

async function produceEvents(world: World, count: number, seed: number): Promise<string[]> {
  const all = events(count, seed);
  await produceRaw(
    world,
    all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
  );
  return all.map(({ eventId }) => eventId);
}

const idsOf = (scores: readonly SourceRecord[]): string[] =>
  scores.map(({ value }) => (JSON.parse(String(value)) as { eventId: string }).eventId).sort();
const header = (name: string, { headers }: SourceRecord): string => String(headers[name]);
const distinct = (scores: readonly SourceRecord[], name: string): string[] => [
  ...new Set(scores.map((score) => header(name, score))),
];

/** Runs the program in a world; what it wrote to stdout, and its exit code. */
function bankchurn({ env }: World, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...programArguments(), ...args], {
    encoding: 'utf8',
    input: '',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

/** Deletes the events' topic, and makes it anew. */
async function recreate(world: World): Promise<void> {
  const { kafka, config } = world.context;
  const { customerEvents } = config.topics.names;
  await kafka.administer((admin) => admin.deleteTopics([customerEvents]));
  const isThere = () =>
    kafka.administer(async (admin) => (await admin.listTopics()).includes(customerEvents));
  while (await isThere()) await sleep(100);
  await prepareTopics(world.context);
}

const topicId = ({ context }: World): Promise<string | undefined> =>
  context.kafka.administer((admin) => admin.topicId(context.config.topics.names.customerEvents));

async function refuses(world: World, code: string, env: Record<string, string> = {}): Promise<string> {
  const service = await world.start(env);
  expect(await service.exited).toBe(1);
  expect(service.tail()).toContain(code);
  return service.tail();
}

test(
  'events created again while the service is down: refused, also again, until an operator says',
  LONG,
  async () => {
    const world = await createWorld({ registry: false });
    const first = await world.start();
    const out = await collect(world);
    const before = await produceEvents(world, 600, 31);
    await settled(() => out.scores.length >= 600, 'the first scores');
    expect(await first.stop()).toBe(0);
    const former = await topicId(world);
    expect(distinct(out.scores, 'source-topic-id')).toEqual([former]);

    await recreate(world);
    const after = await produceEvents(world, 250, 32);
    for (let i = 0; i < 2; i++) {
      const tail = await refuses(world, 'TOPIC_RECREATED', { START_FROM: 'latest' });
      expect(tail).toContain('offsets adopt');
    }
    expect(out.scores).toHaveLength(600);

    const shown = bankchurn(world, 'offsets', 'show', '--json');
    const reports = shown.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    expect(reports).toHaveLength(6);
    for (const { verdict, committed, topicId: is, outputs } of reports) {
      expect(verdict).toContain('TOPIC_RECREATED');
      expect([committed, is]).toEqual([null, await topicId(world)]);
      expect(outputs).toMatchObject([
        { group: world.context.config.group, topicId: former },
        { topicId: null },
      ]);
    }
    expect(bankchurn(world, 'offsets', 'adopt', '--from', 'earliest').stderr).toContain('confirm with --yes');
    expect(bankchurn(world, 'offsets', 'adopt', '--from', 'outputs', '--yes').stderr).toContain(
      'another topic',
    );
    const adopted = bankchurn(world, 'offsets', 'adopt', '--from', 'earliest', '--yes');
    expect([adopted.status, adopted.stdout.match(/→ 0 /g)?.length]).toEqual([0, 6]);

    await world.start();
    await settled(() => out.scores.length >= 850, 'the scores of the new topic');
    expect(idsOf(out.scores)).toEqual([...before, ...after].sort());
    expect(distinct(out.scores.slice(600), 'source-topic-id')).toEqual([await topicId(world)]);
    // The former topic had a score of this id as well.
    const { customerEvents } = world.context.config.topics.names;
    const explained = bankchurn(world, 'explain', `${customerEvents}/0/0`, '--json');
    expect(JSON.parse(explained.stdout)).toMatchObject({ sameAsPublished: true });
    const running = bankchurn(world, 'offsets', 'adopt', '--from', 'earliest', '--yes');
    expect([running.status, running.stderr]).toEqual([
      1,
      expect.stringContaining('running members') as string,
    ]);
  },
);

test.for([
  ['fewer events than before', 100],
  ['more events than before', 1500],
] as const)(
  'events created again while the service runs, %s: it ends, and refuses',
  LONG,
  async ([, count]) => {
    const world = await createWorld({ registry: false });
    const service = await world.start();
    const out = await collect(world);
    await produceEvents(world, 600, 33);
    await settled(() => out.scores.length >= 600, 'the first scores');
    // The process stands still meanwhile: it sees neither the deletion nor what comes of it.
    process.kill(service.pid, 'SIGSTOP');
    await recreate(world);
    const after = await produceEvents(world, count, 34);
    process.kill(service.pid, 'SIGCONT');
    expect(await service.exited).toBe(1);
    expect(service.tail()).toMatch(/TOPIC_RECREATED|OFFSET_OUT_OF_RANGE/);
    await refuses(world, 'TOPIC_RECREATED');

    const { status } = bankchurn(world, 'offsets', 'adopt', '--from', 'earliest', '--yes');
    expect(status).toBe(0);
    const isOfNew = (id: string | undefined) => (score: SourceRecord) =>
      header('source-topic-id', score) === id;
    const id = await topicId(world);
    await world.start();
    await settled(() => out.scores.filter(isOfNew(id)).length >= count, 'the scores of the new topic');
    expect(idsOf(out.scores.filter(isOfNew(id)))).toEqual(after.sort());
  },
);

test(
  'events deleted under a running service, and created again later: it ends, and refuses',
  LONG,
  async () => {
    const world = await createWorld({ registry: false });
    const service = await world.start();
    const out = await collect(world);
    await produceEvents(world, 600, 35);
    await settled(() => out.scores.length >= 600, 'the first scores');
    const { kafka, config } = world.context;
    await kafka.administer((admin) => admin.deleteTopics([config.topics.names.customerEvents]));
    await sleep(6000);
    await prepareTopics(world.context);
    await produceEvents(world, 900, 36);
    expect(await service.exited).toBe(1);
    expect(out.scores).toHaveLength(600);
    await refuses(world, 'TOPIC_RECREATED');
  },
);

test(
  'a new group from the beginning scores everything; then the first group, its offsets expired, goes on',
  LONG,
  async () => {
    const world = await createWorld({ registry: false });
    const { group } = world.context.config;
    const other = { GROUP_ID: 'second-opinion' };
    const first = await world.start();
    const out = await collect(world);
    const before = await produceEvents(world, 300, 37);
    await settled(() => out.scores.length >= 300, 'the first scores');
    expect(await first.stop()).toBe(0);

    const second = await world.start(other);
    await settled(() => out.scores.length >= 600, 'the scores of the new group');
    expect(second.tail()).toContain('this group is new');
    expect(idsOf(out.scores.slice(300))).toEqual(before.sort());
    expect(distinct(out.scores, 'source-group')).toEqual([
      group,
      `${world.env['TOPIC_PREFIX']!}second-opinion`,
    ]);
    expect(await second.stop()).toBe(0);

    await world.context.kafka.administer((admin) => admin.deleteGroups([group]));
    const after = await produceEvents(world, 200, 38);
    const third = await world.start();
    await settled(() => out.scores.length >= 800, 'the other scores', 60_000, 3000);
    expect(idsOf(out.scores.slice(600))).toEqual(after.sort());
    expect(third.tail()).toContain('no committed offset');
  },
);

test(
  'outputs that do not name their group: refused until an operator says whose they are',
  LONG,
  async () => {
    const world = await createWorld({ registry: false });
    const { kafka, config } = world.context;
    const { customerEvents, churnScores } = config.topics.names;
    const all = await produceEvents(world, 300, 39);
    const ranges = await kafka.administer((admin) => admin.offsetBounds(customerEvents));
    const producer = await kafka.openPartitionProducer();
    const half = ranges.map(({ partition, to }) => ({ partition, to: Math.ceil(to / 2) }));
    const scored = new Set<string>();
    await kafka.readRanges(customerEvents, half.map((range) => ({ ...range, from: 0 })), (records) => {
    for (const { value } of records) scored.add((JSON.parse(String(value)) as { eventId: string }).eventId);
  }); // prettier-ignore
    for (const { partition, to } of half) {
      const records = Array.from({ length: to }, (_, offset) => ({
        key: null,
        value: '{"eventId":"by an older release"}',
        headers: { ce_id: `${customerEvents}/${String(partition)}/${String(offset)}` },
      }));
      await producer.send({ topic: churnScores, partition, records });
    }
    await producer.close();

    await refuses(world, 'OFFSETS_UNCERTAIN');
    expect(bankchurn(world, 'offsets', 'show').stdout).toContain('the service refuses: OFFSETS_UNCERTAIN');
    expect(bankchurn(world, 'offsets', 'adopt', '--from', 'committed', '--yes').status).toBe(1);
    const adopted = bankchurn(world, 'offsets', 'adopt', '--from', 'outputs', '--yes');
    expect([adopted.stderr.trim(), adopted.status]).toEqual([
      expect.stringContaining('committed') as string,
      0,
    ]);
    expect(bankchurn(world, 'offsets', 'show').stdout).toContain('the committed offset');

    const out = await collect(world);
    await world.start();
    const rest = all.filter((id) => !scored.has(id)).sort();
    await settled(() => out.scores.length >= 300, 'the other half');
    expect(idsOf(out.scores).filter((id) => id !== 'by an older release')).toEqual(rest);
  },
);

test(
  'an offset that was committed for a former topic is refused; an operator may take it over',
  LONG,
  async () => {
    const world = await createWorld({ registry: false });
    const { kafka, config } = world.context;
    const { topic, groupId, ...scope } = roleTopics('scorer', config);
    const all = await produceEvents(world, 300, 41);
    // As a scorer that stood still commits it, when the topic is there again.
    const writer = await openOperatorsWriter(kafka, { groupId, topic, partition: 2 }, scope, []);
    const transaction = await writer.begin();
    await transaction.sendOffsets(topic, 2, 10, 'A'.repeat(22));
    await transaction.commit();
    await writer.close();
    expect(await refuses(world, 'TOPIC_RECREATED')).toContain('has committed offset 10');

    const adopted = bankchurn(world, 'offsets', 'adopt', '--from', 'committed', '--partition', '2', '--yes');
    expect([adopted.status, adopted.stdout]).toEqual([0, expect.stringContaining('/2: 10 → 10 (') as string]);
    await world.start();
    const out = await collect(world);
    await settled(() => out.scores.length >= all.length - 10, 'the scores');
    expect(out.scores).toHaveLength(all.length - 10);
  },
);

test.for(['exactly-once', 'at-least-once'])(
  '%s: the topic id lies with each offset',
  LONG,
  async (delivery) => {
    const world = await createWorld({ registry: false, env: { DELIVERY: delivery } });
    const { kafka, config } = world.context;
    const service = await world.start();
    const out = await collect(world);
    await produceEvents(world, 100, 40);
    await settled(() => out.scores.length >= 100, 'the scores');
    expect(await service.stop()).toBe(0);
    const committed = await kafka.administer((admin) =>
      admin.committedOffsets(config.group, config.topics.names.customerEvents),
    );
    const id = await topicId(world);
    expect([...committed.values()].map((offset) => offset.topicId)).toEqual(
      Array.from({ length: 6 }, () => id),
    );
  },
);
