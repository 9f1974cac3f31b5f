import { expect, test } from 'vitest';
import { readScore } from '../cli/consume.ts';
import type { World } from './world.ts';
import { collect, createWorld, events, produceRaw, settled } from './world.ts';

const EVENTS = 20_000;

async function produceEvents(world: World): Promise<string[]> {
  const all = events(EVENTS);
  await produceRaw(
    world,
    all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
  );
  return all.map((event) => event.eventId);
}

test(
  'kill -9 of the scorer in the middle of 20,000 events: one score per record',
  { timeout: 120_000 },
  async () => {
    const world = await createWorld();
    const first = await world.start();
    const out = await collect(world);
    const producing = produceEvents(world);
    await settled(() => out.scores.length > 2000, 'the first scores', 60_000, 0);
    await first.kill();
    const atKill = out.scores.length;
    const ids = await producing;
    await world.start();
    await settled(() => out.scores.length >= EVENTS, 'a score of each event', 90_000);

    const { registry } = world.context;
    const scores = await Promise.all(out.scores.map((record) => readScore(record, registry)));
    expect(atKill).toBeLessThan(EVENTS);
    expect(scores.map(({ eventId }) => eventId).sort()).toEqual(ids.sort());
    expect(new Set(scores.map(({ scoreId }) => scoreId)).size).toBe(EVENTS);
  },
);

test('at-least-once as a switch: every event is scored', { timeout: 60_000 }, async () => {
  const world = await createWorld({ registry: false, env: { DELIVERY: 'at-least-once' } });
  await world.start();
  const out = await collect(world);
  const all = events(2000);
  await produceRaw(
    world,
    all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
  );
  await settled(() => out.scores.length >= 2000, 'the scores');
  const ids = out.scores.map(({ value }) => (JSON.parse(String(value)) as { eventId: string }).eventId);
  expect(new Set(ids)).toEqual(new Set(all.map((event) => event.eventId)));
});
