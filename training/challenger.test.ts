import { expect, test } from 'vitest';
import { createSimulator } from '../producers/simulator.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { challengerData, splitFresh } from './challenger.ts';
import type { Dataset } from './dataset.ts';
import type { LabelledEvent } from './labels.ts';
import { trainRelease } from './train.ts';

const draw = (n: number, seed: number): LabelledEvent[] =>
  Array.from({ length: n }, createSimulator({ seed, startMs: 0, stepMs: 1, idPrefix: `s${String(seed)}-` }));
const datasetOf = (rows: readonly LabelledEvent[]): Dataset => ({
  name: 'base',
  sha256: 'base',
  events: rows.map(({ event }) => event),
  labels: Uint8Array.from(rows, ({ churned }) => Number(churned)),
  rowNumbers: rows.map((_, i) => i + 1),
});
const rows = draw(3000, 1);

test('all rows of a customer are on one side, the same one each time; the share is about what was asked for', () => {
  const { train, holdout } = splitFresh(rows, 0.3);
  expect(train.length + holdout.length).toBe(rows.length);
  expect(Math.abs(holdout.length / rows.length - 0.3)).toBeLessThan(0.03);
  const held = new Set(holdout.map(({ event }) => event.customerId));
  expect(train.some(({ event }) => held.has(event.customerId))).toBe(false);
  const later = splitFresh([...draw(500, 2), ...rows], 0.3);
  expect(later.train.some(({ event }) => held.has(event.customerId))).toBe(false);
});

test('without a base set: trained on one side, evaluated on the other, profile of both', () => {
  const fresh = splitFresh(rows, 0.3);
  const { dataset, split, profileRows, scoreProfileRows } = challengerData(fresh, undefined);
  expect(split.train.map((i) => dataset.events[i])).toEqual(fresh.train.map(({ event }) => event));
  expect(split.holdout.map((i) => dataset.events[i])).toEqual(fresh.holdout.map(({ event }) => event));
  expect(profileRows).toHaveLength(rows.length);
  expect(scoreProfileRows).toEqual(split.holdout);
  const { manifest } = trainRelease(dataset, split, {
    customer: BANK,
    parameters: { rounds: 5 },
    profile: { rows: profileRows, scoreRows: scoreProfileRows },
  }).release;
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b);
  expect([sum(manifest.profile.features[0]!.counts), sum(manifest.profile.score.counts)]).toEqual([
    rows.length,
    fresh.holdout.length,
  ]);
});

test('with one: its holdout stays, and its customers are trained on nowhere', () => {
  const base = datasetOf(rows.slice(0, 1000));
  const held = [0, 5, 10];
  const split = { name: 'b', train: [1, 2, 3], holdout: held };
  const again = rows.slice(0, 20); // among them the customers that the base holds out
  const found = challengerData({ train: again, holdout: rows.slice(2000, 2100) }, { dataset: base, split });
  expect(found.split.holdout).toEqual(held);
  expect(found.split.train.slice(0, 3)).toEqual([1, 2, 3]);
  const customers = new Set(held.map((i) => rows[i]!.event.customerId));
  const trained = found.split.train.slice(3).map((i) => found.dataset.events[i]!.customerId);
  expect(trained).toHaveLength(again.length - held.length);
  expect(trained.some((customer) => customers.has(customer))).toBe(false);
  expect(found.profileRows).toHaveLength(120);
  expect(found.dataset.labels).toHaveLength(1120);
});

test('customers of a base holdout of its own are trained on nowhere', () => {
  const base = datasetOf(rows.slice(0, 100));
  const split = { name: 'b', train: [1, 2, 3], holdout: [5] };
  const held = [rows[2]!, rows[50]!].map(({ event }) => event.customerId);
  const found = challengerData({ train: rows.slice(40, 60), holdout: [] }, { dataset: base, split }, held);
  const trained = found.split.train.map((i) => found.dataset.events[i]!.customerId);
  expect(trained).toHaveLength(2 + 19);
  expect(trained.filter((customer) => held.includes(customer))).toEqual([]);
});

test('other rows, or other labels, are another data set', () => {
  const sha256 = (some: readonly LabelledEvent[]): string =>
    challengerData(splitFresh(some, 0.3), undefined).dataset.sha256;
  const flipped = rows.map((row, i) => (i === 7 ? { ...row, churned: !row.churned } : row));
  expect(sha256(rows)).toBe(sha256([...rows]));
  expect(new Set([sha256(rows), sha256(flipped), sha256(rows.slice(1))]).size).toBe(3);
});
