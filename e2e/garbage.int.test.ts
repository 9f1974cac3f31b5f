/** Whatever lies on our own topics: monitor and trainer go on, verdicts follow from the real counts, and nothing counts twice. */
import { spawnSync } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { programArguments, type ServiceProcess } from '../cli/service-process.io.ts';
import { readAll } from '../kafka/read.ts';
import { NO_EVIDENCE } from '../drift/verdict-records.fixture.ts';
import type { DriftCounts, DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import type { TopicId } from '../schemas/topics.ts';
import { collect, createWorld, events, produceRaw, settled, type World } from './world.ts';

/** Runs the program in a world. */
function bankchurn({ env }: World, ...args: string[]) {
  const all = [...programArguments(), ...args];
  return spawnSync(process.execPath, all, { encoding: 'utf8', input: '', env: { ...process.env, ...env } });
}

async function get({ port }: ServiceProcess, path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`);
  return { status: answer.status, text: await answer.text() };
}

/** Waits until the metrics of a service hold a text. */
const shows = (service: ServiceProcess, sample: string): Promise<void> =>
  vi.waitFor(async () => expect((await get(service, '/metrics')).text).toContain(`\n${sample}\n`), { timeout: 30_000, interval: 300 }); // prettier-ignore

const read = ({ context }: World, topic: TopicId): Promise<SourceRecord[]> =>
  readAll(context.kafka, context.config.topics.names[topic]);
const parsed = <T>(records: readonly SourceRecord[]): T[] =>
  records.flatMap(({ value }) => {
    try {
      return [JSON.parse(String(value)) as T];
    } catch {
      return [];
    }
  });

/** The monitor’s own verdicts, oldest first: nobody else gives them a key. */
const verdictsOf = async (world: World): Promise<DriftVerdict[]> =>
  parsed((await read(world, 'driftVerdicts')).filter(({ key }) => key !== null));

/** Bytes, JSON of another shape, and the right shape with values that cannot be. */
const nonsense = (real: object): (Buffer | string | null)[] => [
  ...[Buffer.from([0]), Buffer.from([0, 0, 0, 0, 7, 1, 2]), Buffer.from([0xff, 0xfe]), null, '', '{', '7', 'null', '[]', '{"a":1}'],
  ...[{ activation: 1e15 }, { activation: -9 }, { events: -1 }, { modelSha256: 'nobody’s' }].map((odd) => JSON.stringify({ ...real, ...odd })),
]; // prettier-ignore
const raw = (values: readonly (Buffer | string | null)[]) => values.map((value) => ({ value }));

test('garbage, restarts, an operator’s word, and counts that come twice', { timeout: 150_000 }, async () => {
  const world = await createWorld({ registry: false, env: { DRIFT_PANE_EVENTS: '200' } });
  const out = await collect(world);
  let sent = 0;
  const score = async (service: ServiceProcess, count: number): Promise<void> => {
    const all = events(count, (sent += 1));
    const before = out.scores.length;
    await produceRaw(world, all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) }))); // prettier-ignore
    await settled(() => out.scores.length >= before + count, 'scores', 30_000, 0);
    await vi.waitFor(async () => expect((await get(service, '/health')).status).toBe(200), {
      timeout: 10_000,
    });
  };
  const newerThan = (count: number): Promise<DriftVerdict[]> =>
    vi.waitFor(
      async () => {
        const verdicts = await verdictsOf(world);
        expect(verdicts.length).toBeGreaterThan(count);
        return verdicts;
      },
      { timeout: 30_000, interval: 500 },
    );

  let service = await world.start();
  await score(service, 700);
  const first = await newerThan(0);
  const counts = await read(world, 'driftCounts');
  const [real] = parsed<DriftCounts>(counts);
  const { modelSha256, activation } = real!;

  // Garbage everywhere: skipped and counted.
  const request: RetrainRequested = {
    ...{
      requestId: 'r',
      modelVersion: 'v',
      modelSha256,
      activation: 999,
      countsOffset: 1,
      requestedAt: 1,
      reason: '',
    },
    ...{ scorePsi: 1, maxFeaturePsi: 1, events: 1, driftSince: null, ...NO_EVIDENCE },
  };
  await produceRaw(world, raw(nonsense(real!)), 'driftCounts');
  await produceRaw(world, raw(nonsense(first[0]!)), 'driftVerdicts');
  await produceRaw(world, raw([...nonsense(request), JSON.stringify(request)]), 'retrainEvents');
  await score(service, 700);
  const second = await newerThan(first.length);
  const { driftCounts } = world.context.config.topics.names;
  // Of the same id all three: the first leaves a record that answers the others.
  await shows(service, 'churn_retrain_events_total{result="stale"} 1');
  await shows(service, 'churn_retrain_events_total{result="answered"} 2');
  await shows(service, `churn_records_skipped_total{topic="${driftCounts}",code="RECORD_EMPTY"} 1`);
  await shows(service, `churn_records_skipped_total{topic="${driftCounts}",code="RECORD_UNDECODABLE"} 4`);

  // A restart goes on where the last verdict was, whatever lies behind it.
  await produceRaw(
    world,
    raw([...nonsense(second[0]!), JSON.stringify({ ...second[0], state: '{}' })]),
    'driftVerdicts',
  );
  await service.kill();
  const shown = bankchurn(world, 'drift', '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({
    current: true,
    activation,
    active: { activation, modelSha256 },
  });
  service = await world.start();
  await score(service, 700);
  const third = await newerThan(second.length);
  expect(third[second.length]!.events).toBeGreaterThan(second[second.length - 1]!.events);

  // An operator has a range scored again: its counts come twice, and that is fine.
  await service.stop();
  expect(bankchurn(world, 'offsets', 'adopt', '--from', 'earliest', '--yes').stderr).toContain('committed');
  service = await world.start();
  await settled(() => out.scores.length >= 4200, 'all scores again', 30_000, 2000);
  await newerThan(third.length);
  expect(JSON.parse((await get(service, '/health')).text)).not.toHaveProperty('detail');

  // Somebody writes counts a second time: the monitor stops, scoring goes on.
  const { value, headers } = (await read(world, 'driftCounts')).findLast((record) => record.headers['source-group'] !== undefined && record.value !== null)!; // prettier-ignore
  await produceRaw(world, [{ value, headers: headers as Record<string, Buffer> }], 'driftCounts');
  await vi.waitFor(
    async () => {
      const { status, text } = await get(service, '/health');
      expect([status, (JSON.parse(text) as { detail?: string }).detail]).toEqual([
        200,
        'the monitor has stopped: COUNTS_OVERLAP',
      ]);
    },
    { timeout: 20_000, interval: 300 },
  );
  await score(service, 300);
  await service.stop();

  // Alone it ends its process, until an operator lets it begin anew.
  const alone = await world.start({}, ['monitor']);
  expect(await alone.exited).toBe(1);
  expect(alone.tail()).toContain('COUNTS_OVERLAP');
  expect(bankchurn(world, 'offsets', 'adopt', '--role', 'monitor', '--from', 'latest', '--yes').status).toBe(
    0,
  );
  const before = (await verdictsOf(world)).length;
  service = await world.start();
  await score(service, 700);
  expect((await newerThan(before)).at(-1)!.activation).toBe(activation);
});
