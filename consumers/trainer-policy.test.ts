/** The retrain policy in memory: approval, pause, and what the log says of a request that waits. */
import { expect, test } from 'vitest';
import { decideApproval, decideTrainer, waitingForApproval } from '../models/log-requests.ts';
import { REQUEST, World } from './trainer.fixture.ts';
import { nextLook } from './trainer-schedule.ts';

const CHALLENGER = { version: 'v-challenger-1', sha256: 'challenger-1' };

function approving(): World {
  const world = new World();
  world.rule = { ...world.rule, activation: 'approve' };
  return world;
}

test('a challenger that must be approved is released and waits; its approval is the answer, with the gate’s figures', async () => {
  const world = approving();
  await world.answer();
  await world.answer();
  expect([world.trained, world.added()]).toEqual([1, ['RELEASE challenger-1']]);
  expect(world.records[2]).toMatchObject({ approval: 'waits', aboutActivation: 1, requestId: 'champion/1' });
  expect(world.records[2]?.reason).toContain('waits for `bankchurn models approve`');
  expect(waitingForApproval(world.log).map(({ version }) => version)).toEqual([CHALLENGER.version]);
  world.write((log) => decideApproval(log, CHALLENGER, 'looks right'));
  expect(world.records[3]).toMatchObject({
    ...{ kind: 'ACTIVATION', modelSha256: 'challenger-1', requestId: 'champion/1' },
    ...{ reason: 'looks right', gateReport: '{"figures":1}' },
  });
  expect(waitingForApproval(world.log)).toEqual([]);
  expect(() => decideApproval(world.log, CHALLENGER, undefined)).toThrow('does not wait for approval');
});

test('a challenger that was judged against a model that no longer serves is not approved', async () => {
  const world = approving();
  await world.answer();
  world.append('ACTIVATION', 'former', 'OPERATOR');
  expect(waitingForApproval(world.log)).toEqual([]);
  expect(() => decideApproval(world.log, CHALLENGER, undefined)).toThrow('judged against a model that no longer serves'); // prettier-ignore
});

test('a paused trainer trains nothing until it is resumed, also after a restart, and no request expires meanwhile', async () => {
  const world = new World();
  world.write((log) => decideTrainer(log, 'paused', 'audit'));
  world.onSleep = () => {
    if (world.sleeps.length === 100) world.write((log) => decideTrainer(log, 'resumed', undefined));
    expect(world.trained).toBe(0);
  };
  await world.answer();
  expect(world.now - REQUEST.requestedAt).toBeGreaterThan(world.rule.expiryMs);
  expect(world.added().slice(2)).toEqual(['RELEASE challenger-1', 'ACTIVATION challenger-1']);
  expect(() => decideTrainer(world.log, 'resumed', undefined)).toThrow('not paused');
});

test('what older readers see of a pause is a rejection that answers nothing', () => {
  const world = new World();
  world.write((log) => decideTrainer(log, 'paused', 'audit'));
  expect(world.records[2]).toMatchObject({ kind: 'REJECTION', requestId: null, aboutActivation: null, outcome: null }); // prettier-ignore
  expect(world.log.pause).toMatchObject({ reason: 'audit', actor: 'test' });
  expect(() => decideTrainer(world.log, 'paused', undefined)).toThrow('paused already');
});

test('the record of a deferral follows the labels by tenths of what is needed, and says when it began', async () => {
  const world = new World();
  world.labels = 100;
  world.onSleep = () => (world.labels = Math.min(1000, world.labels + 30));
  await world.answer();
  const deferrals = world.records.filter(({ kind }) => kind === 'DEFERRAL');
  const shares = deferrals.map(({ gateReport }) => (JSON.parse(gateReport!) as { share: number }).share);
  expect(shares.map((share) => Math.floor(share * 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(JSON.parse(deferrals[0]!.gateReport!)).toEqual({
    ...{ customers: 100, leavers: 50, stayers: 50, minRecentLabels: 1000, minLeavers: 150, share: 0.1 },
  });
  expect(world.results).toEqual(['deferred', 'promoted']);
  expect(world.sleeps.length).toBeGreaterThan(20);
});

test('a request that waits is looked at by its deferral’s time, whoever asks and however often the trainer restarts', () => {
  const retryMs = { first: 5000, longest: 20_000 };
  const looks = (now: number): number => nextLook(100_000, now, retryMs);
  expect([100_000, 104_999, 105_000, 116_000, 135_000, 155_001].map(looks)).toEqual([105_000, 105_000, 115_000, 135_000, 155_000, 175_000]); // prettier-ignore
  expect(nextLook(-8e15, 1_764_000_000_000, retryMs)).toBeLessThanOrEqual(1_764_000_020_000);
  expect(nextLook(8e15, 1000, retryMs)).toBe(6000);
});
