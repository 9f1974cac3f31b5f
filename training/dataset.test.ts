import { expect, test } from 'vitest';
import { createSimulator } from '../producers/simulator.ts';
import { parseDataset, type Dataset } from './dataset.ts';
import { resample } from './resampling.ts';
import { splitDataset, stratifiedFolds } from './split.ts';

const HEADER =
  'RowNumber,CustomerId,Surname,CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary,Exited';
const csv = (...rows: string[]): string => [HEADER, ...rows].join('\n');

test('reads rows; an empty cell is missing', () => {
  const data = parseDataset(csv('1,101,Someone,600,France,Male,40,,0.5,2,1,0,1000,1'), 'set');
  expect(data.events[0]).toMatchObject({
    eventId: 'row-1',
    customerId: '101',
    tenure: null,
    balance: 0.5,
    hasCrCard: true,
    isActiveMember: false,
  });
  expect([...data.labels]).toEqual([1]);
});

test('names line and fault; ten at most', () => {
  const bad = '1,101,Someone,600,France,Male,forty,3,0,2,1,0,1000,1';
  expect(() => parseDataset(csv(bad), 'set')).toThrow(/line 2: age is "forty"/);
  expect(() => parseDataset(csv('1,101,S,600,France,Male,40,3,0,2,1,0,1000,maybe'), 'set')).toThrow(
    /line 2, column Exited: maybe/,
  );
  expect(() => parseDataset(csv(...new Array<string>(50).fill(bad)), 'set')).toThrow(/^(?:.*\n){10}.*$/);
  expect(() => parseDataset('a,b\n1,2', 'set')).toThrow(/columns missing: CreditScore/);
  expect(() => parseDataset(HEADER, 'set')).toThrow(/no rows/);
});

function simulated(count: number): Dataset {
  const next = createSimulator({ seed: 5, startMs: 0, stepMs: 1, idPrefix: 's' });
  const all = Array.from({ length: count }, next);
  const labels = Uint8Array.from(all, ({ churned }) => Number(churned));
  return {
    name: 'simulated',
    sha256: 'none',
    events: all.map(({ event }) => event),
    labels,
    rowNumbers: all.map((_, i) => i + 1),
  };
}

test('splits are stratified, disjoint, complete and seeded', () => {
  const data = simulated(1000);
  const { train, holdout, name } = splitDataset(data, 3);
  expect(name).toBe('stratified-3');
  expect([...train, ...holdout].sort((a, b) => a - b)).toEqual(data.rowNumbers.map((row) => row - 1));
  const share = (rows: readonly number[]): number =>
    rows.filter((row) => data.labels[row] === 1).length / rows.length;
  expect(Math.abs(share(holdout) - share(train))).toBeLessThan(0.01);
  expect(splitDataset(data, 3)).toEqual(splitDataset(data, 3));
  expect(splitDataset(data, 4)).not.toEqual(splitDataset(data, 3));
  expect(
    stratifiedFolds(data.labels, 5, 1)
      .flat()
      .sort((a, b) => a - b),
  ).toHaveLength(1000);
  expect(splitDataset(data, 1, { name: 'mine', rows: [5, 6] }).holdout).toEqual([4, 5]);
  expect(() => splitDataset(data, 1, { name: 'mine', rows: [5, 5000] })).toThrow(
    /1 of its 2 rows are not in/,
  );
});

test('resampling balances; SMOTE stays inside the data and refuses before it takes too much', () => {
  const random = [...Array(300).keys()].map((i) => ((i * 7919) % 1000) / 1000);
  const data = {
    x: Float32Array.from(random),
    y: Uint8Array.from({ length: 100 }, (_, i) => (i < 20 ? 1 : 0)),
    columns: 3,
  };
  const churned = ({ y }: { y: Uint8Array }): number[] => [y.length, y.reduce((a, b) => a + b, 0)];
  expect(churned(resample(data, 'none', 1))).toEqual([100, 20]);
  expect(churned(resample(data, 'undersample', 1))).toEqual([40, 20]);
  const grown = resample(data, 'oversample', 1);
  expect(churned(grown)).toEqual([160, 80]);
  expect(grown.x.every((value) => value >= 0 && value <= 1)).toBe(true);
  const { weights, y } = resample(data, 'class_weight', 1);
  const weightOf = (label: number): number =>
    [...y.keys()].filter((i) => y[i] === label).reduce((sum, i) => sum + weights![i]!, 0);
  expect(weightOf(0)).toBeCloseTo(weightOf(1));
  const huge = {
    x: new Float32Array(3),
    y: Uint8Array.from({ length: 400_000 }, (_, i) => (i % 4 === 0 ? 1 : 0)),
    columns: 3,
  };
  expect(() => resample(huge, 'oversample', 1)).toThrow(/undersample/);
});
