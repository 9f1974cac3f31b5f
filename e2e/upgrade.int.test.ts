/**
 * From the release in which each partition had a writer to the one in which each process has one, and back. The two cannot be in one
 * group: each waits for the other, or refuses, and goes on when it is gone. Whatever ends the other under load, every event is scored once.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { readScore } from '../cli/consume.ts';
import { startService, type ServiceProcess } from '../cli/service-process.io.ts';
import { readRelease } from '../models/store.io.ts';
import { startScorer, type Scorer } from './chaos/fleet.ts';
import { BEFORE_SHARED_WRITER, formerRelease } from './former-release.ts';
import { expectedScores } from './rescore.ts';
import { collect, createWorld, events, produceRaw, settled, type Outputs, type World } from './world.ts';

const PARTITIONS = 6;
/** An event each so often at most, milliseconds, so many at once. */
const EVERY_MS = 200;
const AT_ONCE = 200;
/** Longest transaction of a killed scorer, and the broker's look for such: as the runbook has it, for this broker. */
const TRANSACTION_ENDS_MS = 15_000 + 1000;

let former: string | undefined;
const ends: (() => void | Promise<void>)[] = [];
beforeAll(async () => {
  former = await formerRelease(BEFORE_SHARED_WRITER, (end) => ends.push(end));
});
afterAll(async () => {
  for (const end of ends) await end();
});

interface Health {
  readonly code?: string;
  readonly detail?: string;
  readonly partitions: { readonly assigned: number; readonly ready: number };
}

async function health(port: number, path = ''): Promise<{ status: number; body: Health }> {
  const answer = await fetch(`http://127.0.0.1:${String(port)}/health${path}`);
  return { status: answer.status, body: (await answer.json()) as Health };
}

const isReady = (port: number, partitions = PARTITIONS): Promise<void> =>
  vi.waitFor(async () => expect((await health(port)).body.partitions).toEqual({ assigned: partitions, ready: partitions }), {
    timeout: 60_000,
    interval: 100,
  }); // prettier-ignore

/** It says why it does not score, is not ready, and wants no restart. */
async function expectWaiting({ port }: ServiceProcess, lines: readonly string[]): Promise<void> {
  await vi.waitFor(async () => expect((await health(port)).body.code).toBe('GROUP_INCOMPATIBLE'), 40_000);
  const { status, body } = await health(port);
  expect(status).toBe(503);
  expect(body.detail).toContain('members of an older release are in the group');
  expect(body.partitions).toEqual({ assigned: 0, ready: 0 });
  expect((await health(port, '/ready')).status).toBe(503);
  expect((await health(port, '/live')).status).toBe(200);
  expect(lines.filter((line) => line.includes('GROUP_INCOMPATIBLE'))).not.toHaveLength(0);
}

/** A scorer of this release, or of the one in a folder. `lines`: its log. */
async function start(world: World, root?: string): Promise<{ service: ServiceProcess; lines: string[] }> {
  const lines: string[] = [];
  const keep = (line: string): number => lines.push(line);
  const service = await startService(world.env, ['scorer'], undefined, [], keep, root);
  onTestFinished(() => service.kill().then(() => undefined));
  return { service, lines };
}

/** A scorer of the former release that stops at a named point. */
async function startFailing(world: World): Promise<Scorer> {
  const program = join(former!, 'failing.mjs');
  await writeFile(program, `import 'tsx';\nawait import('./e2e/failing-service.ts');\n`);
  const scorer = startScorer(program, world.env);
  onTestFinished(() => {
    scorer.kill('SIGCONT');
    scorer.kill('SIGKILL');
  });
  await isReady(await scorer.port);
  return scorer;
}

/** Sends all the time until it is stopped, which returns the ids of all events. */
function stream(world: World): { stop(): Promise<string[]> } {
  const ids: string[] = [];
  let isOver = false;
  const sending = (async () => {
    for (let seed = 1; !isOver; seed++) {
      const some = events(AT_ONCE, seed);
      ids.push(...some.map(({ eventId }) => eventId));
      await produceRaw(
        world,
        some.map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
      );
      await sleep(EVERY_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await sending;
      return ids;
    },
  };
}

/** Resolves after so many further scores. */
async function goesOn(out: Outputs, what: string): Promise<void> {
  const before = out.scores.length;
  await settled(() => out.scores.length > before + 5 * AT_ONCE, what, 60_000, 0);
}

/** Each event has one score, in the order of its partition, with the bytes of an offline computation. */
async function expectExact(world: World, out: Outputs, ids: readonly string[]): Promise<void> {
  await settled(() => out.scores.length >= ids.length, 'a score of each event', 90_000);
  expect(out.deadLetters).toHaveLength(0);
  const scores = await Promise.all(out.scores.map((record) => readScore(record, world.context.registry)));
  expect(scores.map(({ eventId }) => eventId).sort()).toEqual([...ids].sort());
  const last = new Map<string, number>();
  for (const { scoreId } of scores) {
    const [, partition = '', offset = ''] = /\/(\d+)\/(\d+)$/.exec(scoreId) ?? [];
    expect(Number(offset)).toBeGreaterThan(last.get(partition) ?? -1);
    last.set(partition, Number(offset));
  }
  const champion = await readRelease('models/champion');
  const expected = await expectedScores(world, [champion]);
  const different = out.scores.filter(
    ({ value }, i) => !value!.equals(expected.get(`${champion.manifest.version} ${scores[i]!.scoreId}`)!),
  );
  expect(different).toHaveLength(0);
}

const SKIPPED = 'this clone has no commit of the release before';

test(
  'the new release waits for the old one, says so, and takes over when its last member has stopped',
  { timeout: 240_000 },
  async ({ skip }) => {
    if (former === undefined) skip(SKIPPED);
    const world = await createWorld();
    const out = await collect(world);
    const live = stream(world);
    const { service: first } = await start(world, former);
    await isReady(first.port);
    const { service: second } = await start(world, former);
    await isReady(second.port, PARTITIONS / 2);

    const { service: ours, lines } = await start(world);
    await expectWaiting(ours, lines);
    await goesOn(out, 'scores by the old release while the new one waits');
    expect((await health(first.port)).body.partitions.ready).toBe(PARTITIONS / 2); // nobody was disturbed

    await first.kill();
    await isReady(second.port);
    await goesOn(out, 'scores by the last scorer of the old release');
    await expectWaiting(ours, lines);

    expect(await second.stop()).toBe(0);
    await isReady(ours.port);
    await goesOn(out, 'scores by the new release');
    await expectExact(world, out, await live.stop());
  },
);

test.for([
  ['is killed with a transaction open', 'SIGKILL', 'send-offsets'],
  ['is killed as its commit is on the way', 'SIGKILL', 'end-txn-written'],
  ['stops short of its commit and comes back', 'SIGSTOP', 'before-end-txn'],
] as const)(
  'the last scorer of the old release %s: the new one takes over',
  { timeout: 240_000 },
  async ([, signal, point], { skip }) => {
    if (former === undefined) skip(SKIPPED);
    const world = await createWorld();
    const out = await collect(world);
    const live = stream(world);
    const old = await startFailing(world);
    await goesOn(out, 'scores by the old release');
    const { service: ours, lines } = await start(world);
    await expectWaiting(ours, lines);

    expect(await old.failAt(point, 5, signal, 30_000)).toBe(true);
    const atPoint = out.scores.length;
    await isReady(ours.port);
    await goesOn(out, 'scores by the new release');
    old.kill('SIGCONT');
    await goesOn(out, 'scores with the former scorer back');
    const ids = await live.stop();
    expect(atPoint).toBeLessThan(ids.length);
    await expectExact(world, out, ids);
  },
);

test(
  'and back: the old release refuses to start beside the new one, and goes on where that ended, by SIGTERM or SIGKILL',
  { timeout: 300_000 },
  async ({ skip }) => {
    if (former === undefined) skip(SKIPPED);
    const world = await createWorld();
    const { kafka, config } = world.context;
    const out = await collect(world);
    const live = stream(world);
    const { service: first } = await start(world);
    await isReady(first.port);
    const { service: second } = await start(world);
    await isReady(second.port, PARTITIONS / 2);

    const early = await start(world, former);
    expect(await early.service.exited).toBe(1);
    expect(early.lines.join('\n')).toContain('KAFKA_REFUSED');
    await goesOn(out, 'scores by the new release');

    expect(await first.stop()).toBe(0);
    await isReady(second.port);
    await goesOn(out, 'scores by the last scorer of the new release');
    await second.kill();
    const members = (): Promise<number> => kafka.administer((admin) => admin.groupMembers(config.group));
    await vi.waitFor(async () => expect(await members()).toBe(0), { timeout: 30_000, interval: 500 });
    await sleep(TRANSACTION_ENDS_MS);

    const { service: back } = await start(world, former);
    await isReady(back.port);
    await goesOn(out, 'scores by the old release');
    await expectExact(world, out, await live.stop());
  },
);
