import { expect, test } from 'vitest';
import { REQUEST, World } from '../consumers/trainer.fixture.ts';
import { decideTrainer } from '../models/log-requests.ts';
import { factJson, listJson, listLines } from './models-show.ts';
import { requestByHand } from './retrain.ts';
import { statusJson, statusLines, type Standing } from './trainer-status.ts';

const standing = (world: World, more: Partial<Standing> = {}): Standing => ({
  ...{ log: world.log, requests: [REQUEST], trainers: 1, nowMs: world.now },
  ...{ retryMs: world.rule.retryMs, expiryMs: world.rule.expiryMs, ...more },
});
const text = (some: Standing): string => [...statusLines(some)].join('\n');

/** A trainer that has 400 of 1,000 labels, a moment after its first look. */
async function waiting(): Promise<World> {
  const world = new World();
  world.labels = 400;
  world.onSleep = () => {
    throw new Error('enough');
  };
  await expect(world.answer()).rejects.toThrow('enough');
  return world;
}

test('a request that waits for labels: how many there are, when it looks again, when it expires', async () => {
  const world = await waiting();
  const [request] = statusJson(standing(world, { nowMs: 3000 })).requests;
  expect(request).toMatchObject({
    ...{ requestId: 'champion/1', state: 'deferred', looksAgainAt: '1970-01-01T00:00:07.000Z' },
    ...{ labels: { customers: 400, leavers: 200 }, expiresAt: '1970-01-01T01:00:01.000Z' },
  });
  expect(text(standing(world))).toContain('waits for labels: 400 labelled customers');
});

test('a pause is shown with who, when and why, and nothing is looked at meanwhile', async () => {
  const world = await waiting();
  world.write((log) => decideTrainer(log, 'paused', 'audit'));
  expect(statusJson(standing(world))).toMatchObject({ paused: { actor: 'test', reason: 'audit' }, requests: [{ looksAgainAt: null }] }); // prettier-ignore
  expect(text(standing(world))).toMatch(
    /paused .* by test: audit; .*\n(.*\n)*.*looks again when it is resumed/,
  );
  expect([...listLines(world.log)]).toContain('the trainer is paused until `bankchurn trainer resume`');
  const offset = world.records.length - 1;
  expect(factJson({ offset, record: world.records[offset]! })).toMatchObject({ kind: 'TRAINER_PAUSED', reason: 'audit' }); // prettier-ignore
});

test('a challenger that waits for approval is shown by status and list, an answered request by neither', async () => {
  const world = new World();
  world.rule = { ...world.rule, activation: 'approve' };
  await world.answer();
  expect(statusJson(standing(world))).toMatchObject({
    requests: [],
    waitForApproval: [{ version: 'v-challenger-1', requestId: 'champion/1' }],
  });
  expect(text(standing(world))).toContain('bankchurn models approve v-challenger-1');
  expect(listJson(world.log)).toMatchObject({ waitForApproval: [{ version: 'v-challenger-1', offset: 2 }] });
});

test('a request by hand names the model that serves; the trainer answers it', async () => {
  const world = new World();
  const active = { version: 'v-champion', sha256: 'champion', offset: 1 };
  const by = { id: '7', nowMs: 1500, reason: 'new tariff', sinceMs: null };
  const request = requestByHand(active, undefined, by);
  expect(request).toMatchObject({
    requestId: 'by-hand/7',
    activation: 1,
    reason: 'by hand: new tariff',
    events: 1,
  });
  await world.answer(request);
  expect(world.results).toEqual(['promoted']);
  const psi = [{ name: 'age', psi: 0.3 }, { name: 'score', psi: 0.4 }]; // prettier-ignore
  const verdict = { psi, events: 4000, lastCountsOffset: 9 } as never;
  expect(requestByHand(active, verdict, by)).toMatchObject({ scorePsi: 0.4, maxFeaturePsi: 0.3, events: 4000, countsOffset: 9 }); // prettier-ignore
});
