import { describe, expect, it } from 'vitest';
import { createRandom } from '../schemas/random.ts';
import {
  DEFAULT_PARAMETERS,
  fitEnsemble,
  predictMargins,
  TrainingCancelled,
  type BoostingData,
  type Ensemble,
} from './boosting.ts';
import { rocAuc } from './evaluation.ts';

/** Three columns; the label is the exclusive or of the signs of the first two, the third is noise. */
function exclusiveOr(rows: number, seed: number, missingShare = 0): BoostingData {
  const random = createRandom(seed);
  const x = new Float32Array(rows * 3).map(() => random.normal());
  const y = Uint8Array.from({ length: rows }, (_, row) => Number(x[row * 3]! > 0 !== x[row * 3 + 1]! > 0));
  for (let row = 0; row < rows; row++) if (random.next() < missingShare) x[row * 3] = NaN;
  return { x, y, columns: 3 };
}

describe('fitEnsemble', () => {
  it('learns what no single column tells', () => {
    const ensemble = fitEnsemble(exclusiveOr(2000, 1), DEFAULT_PARAMETERS);
    const unknown = exclusiveOr(2000, 2);
    expect(rocAuc(predictMargins(ensemble, unknown.x), unknown.y)).toBeGreaterThan(0.99);
  });

  it('gives the same ensemble for the same data, parameters and seed, another for another seed', () => {
    const data = exclusiveOr(500, 1, 0.1);
    expect(fitEnsemble(data, DEFAULT_PARAMETERS)).toEqual(fitEnsemble(data, DEFAULT_PARAMETERS));
    expect(fitEnsemble(data, { ...DEFAULT_PARAMETERS, seed: 1 })).not.toEqual(
      fitEnsemble(data, DEFAULT_PARAMETERS),
    );
  });

  it('lowers the loss of its training rows round by round', () => {
    const data = exclusiveOr(500, 1);
    const loss = (rounds: number): number => {
      const margins = predictMargins(
        fitEnsemble(data, { ...DEFAULT_PARAMETERS, rounds, rowSampling: 1 }),
        data.x,
      );
      return margins.reduce(
        (sum, margin, row) => sum + Math.log1p(Math.exp(data.y[row] === 1 ? -margin : margin)),
        0,
      );
    };
    const losses = [1, 5, 20, 60].map(loss);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
  });

  it.each([0, 1])('learns the way of missing values when they mean %d', (label) => {
    const random = createRandom(5);
    const y = Uint8Array.from({ length: 400 }, (_, row) => (row % 4 === 0 ? label : random.int(2)));
    const x = Float32Array.from({ length: 400 }, (_, row) => (row % 4 === 0 ? NaN : random.int(10)));
    const ensemble = fitEnsemble({ x, y, columns: 1 }, DEFAULT_PARAMETERS);
    const [missing, present] = predictMargins(ensemble, Float32Array.of(NaN, 4));
    expect(Math.sign(missing! - present!)).toBe(label === 1 ? 1 : -1);
  });

  it('counts a weight of two as two rows', () => {
    const data = exclusiveOr(200, 1);
    const parameters = { ...DEFAULT_PARAMETERS, rounds: 5, rowSampling: 1 };
    const twice = fitEnsemble(
      {
        x: Float32Array.from([...data.x, ...data.x]),
        y: Uint8Array.from([...data.y, ...data.y]),
        columns: 3,
      },
      parameters,
    );
    const weighted = fitEnsemble({ ...data, weights: new Float64Array(200).fill(2) }, parameters);
    const [a, b] = [predictMargins(twice, data.x), predictMargins(weighted, data.x)];
    a.forEach((margin, row) => expect(margin).toBeCloseTo(b[row]!, 9));
  });

  it('tells its progress', () => {
    const told: number[] = [];
    fitEnsemble(
      exclusiveOr(50, 1),
      { ...DEFAULT_PARAMETERS, rounds: 4 },
      { onRound: (done) => told.push(done) },
    );
    expect(told).toEqual([1, 2, 3, 4]);
  });

  it('splits each tree on its share of the columns', () => {
    const wide: BoostingData = { ...exclusiveOr(400, 1), columns: 3 };
    const columnsOf = (ensemble: Ensemble): number[] =>
      ensemble.trees.map(({ columns }) => new Set(columns).size);
    const one = { ...DEFAULT_PARAMETERS, columnSampling: 0.3 };
    const ensemble = fitEnsemble(wide, one);
    expect(columnsOf(ensemble)).toEqual(new Array<number>(one.rounds).fill(1));
    expect(new Set(ensemble.trees.map(({ columns }) => columns[0])).size).toBe(3);
    expect(fitEnsemble(wide, one)).toEqual(ensemble);
    const two = fitEnsemble(wide, { ...DEFAULT_PARAMETERS, columnSampling: 0.6 });
    expect(Math.max(...columnsOf(two))).toBe(2);
  });

  it('ends where the validation rows learn nothing more, at the round of the lowest loss', () => {
    const noise = exclusiveOr(300, 1);
    const random = createRandom(9);
    const data = { ...noise, y: noise.y.map((label) => (random.next() < 0.3 ? 1 - label : label)) };
    const validation = exclusiveOr(300, 2);
    const parameters = { ...DEFAULT_PARAMETERS, rounds: 200, earlyStoppingRounds: 10 };
    const loss = (ensemble: Ensemble): number =>
      predictMargins(ensemble, validation.x).reduce(
        (sum, margin, row) => sum + Math.log1p(Math.exp(validation.y[row] === 1 ? -margin : margin)),
        0,
      );
    let rounds = 0;
    const stopped = fitEnsemble(data, parameters, { validation, onRound: (done) => (rounds = done) });
    const kept = stopped.trees.length;
    expect(rounds).toBe(kept + 10);
    const all = fitEnsemble(data, { ...parameters, earlyStoppingRounds: 0 });
    expect(all.trees.slice(0, kept)).toEqual(stopped.trees);
    const losses = Array.from({ length: rounds }, (_, i) =>
      loss({ ...all, trees: all.trees.slice(0, i + 1) }),
    );
    expect(Math.min(...losses)).toBe(losses[kept - 1]);
    expect(() => fitEnsemble(data, parameters)).toThrow('needs validation rows');
    const few = fitEnsemble(data, { ...parameters, rounds: kept + 3 }, { validation });
    expect(few.trees).toHaveLength(kept);
  });

  it('can be called off before any round', () => {
    const told: number[] = [];
    const isCancelled = (): boolean => told.length === 3;
    const fit = () =>
      fitEnsemble(exclusiveOr(50, 1), DEFAULT_PARAMETERS, {
        onRound: (done) => told.push(done),
        isCancelled,
      });
    expect(fit).toThrow(TrainingCancelled);
    expect(told).toEqual([1, 2, 3]);
  });

  it('names every impossible parameter, and data that teaches nothing', () => {
    const data = exclusiveOr(50, 1);
    const impossible = {
      rounds: 0,
      depth: 9,
      learningRate: 0,
      l2: 0,
      rowSampling: 1.1,
      columnSampling: 0,
      earlyStoppingRounds: -1,
      seed: 0.5,
    };
    expect(() => fitEnsemble(data, impossible)).toThrow(
      /rounds.*depth.*learningRate.*l2.*rowSampling.*columnSampling.*earlyStopping.*seed/,
    );
    expect(() => fitEnsemble({ ...data, y: new Uint8Array(50) }, DEFAULT_PARAMETERS)).toThrow('who left');
    expect(() => fitEnsemble({ ...data, x: new Float32Array(150) }, DEFAULT_PARAMETERS)).toThrow(
      'two different values',
    );
  });
});
