import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../schemas/random.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { float32Below } from './bin-columns.ts';
import { bruteForce } from './brute-force.fixture.ts';
import { DEFAULT_PARAMETERS, fitEnsemble, predictMargins } from './boosting.ts';
import { exportOnnx } from './export.ts';
import { explainEnsemble } from './shapley.ts';
import { ensembleOutputs } from './assemble.ts';

const COLUMNS = 5;
/** Columns 2 and 3 are the categories of one feature. */
const PLAYER_OF = [0, 1, 2, 2, 3];
const PLAYERS = 4;
const WIDTH = 1 + PLAYERS;

const random = createRandom(3);
const drawRow = (): number[] => {
  const row = [random.normal() * 1e5, random.int(6), random.int(2), random.int(2), random.next()];
  return row.map((value) => (random.next() < 0.1 ? NaN : value));
};
const x = Float32Array.from(Array.from({ length: 3000 }, drawRow).flat());
const y = Uint8Array.from({ length: 3000 }, (_, row) =>
  Number(
    random.next() < 0.2 + 0.3 * Number(x[row * COLUMNS]! > 2e4) + 0.3 * Number(x[row * COLUMNS + 2] === 1),
  ),
);
const ensemble = fitEnsemble({ x, y, columns: COLUMNS }, DEFAULT_PARAMETERS);
const explained = explainEnsemble(ensemble, PLAYER_OF);
const onnx = exportOnnx(ensemble, explained.trees, PLAYERS);
const session = await createSession(onnx);
afterAll(() => session.close());

/** For every threshold of every tree: a row exactly on it, and on the float32 neighbours. */
function rowsOnThresholds(): Float32Array {
  const rows: number[][] = [];
  for (const tree of ensemble.trees) {
    tree.columns.forEach((column, level) => {
      const threshold = tree.thresholds[level]!;
      const below = float32Below(threshold - Math.abs(threshold) * 1e-9 - 1e-40);
      const above = -float32Below(-threshold - Math.abs(threshold) * 1e-9 - 1e-40);
      for (const value of [threshold, below, above]) {
        const row = drawRow();
        row[column] = value;
        rows.push(row);
      }
    });
  }
  return Float32Array.from(rows.flat());
}

async function differences(features: Float32Array): Promise<number> {
  const rows = features.length / COLUMNS;
  const outputs = await session.run(features, rows);
  const wanted = ensembleOutputs(ensemble, explained.trees, PLAYERS, features);
  return wanted.reduce((worst, value, i) => Math.max(worst, Math.abs(value - outputs[i]!)), 0);
}

describe('exportOnnx', () => {
  it('has the shapes of the contract', () => {
    expect([session.columns, session.outputs]).toEqual([COLUMNS, WIDTH]);
  });

  it('computes what the ensemble in memory computes', async () => {
    expect(await differences(x)).toBeLessThan(1e-5);
    const margins = predictMargins(ensemble, x);
    const outputs = await session.run(x, 3000);
    margins.forEach((margin, row) => expect(Math.abs(margin - outputs[row * WIDTH]!)).toBeLessThan(1e-5));
  });

  it('also for rows exactly on a threshold and beside it', async () => {
    expect(await differences(rowsOnThresholds())).toBeLessThan(1e-5);
  });

  it('also for rows of missing, huge and unseen values', async () => {
    const odd = [NaN, 0, -0, 3e38, -3e38, 1e-45, Infinity, -Infinity];
    const rows = odd.flatMap((value) => [
      new Array<number>(COLUMNS).fill(value),
      drawRow().fill(value, 1, 4),
    ]);
    expect(await differences(Float32Array.from(rows.flat()))).toBeLessThan(1e-5);
  });

  it('has contributions that sum to margin − base margin', async () => {
    const outputs = await session.run(x, 3000);
    for (let row = 0; row < 3000; row++) {
      const contributions = outputs.subarray(row * WIDTH + 1, (row + 1) * WIDTH);
      const sum = contributions.reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - (outputs[row * WIDTH]! - explained.baseMargin))).toBeLessThan(1e-5);
    }
  });

  it('gives a batch the bits of its rows one by one', async () => {
    const batch = await session.run(x, 700);
    for (let row = 0; row < 700; row++) {
      const single = await session.run(x.slice(row * COLUMNS, (row + 1) * COLUMNS), 1);
      expect(single).toEqual(batch.slice(row * WIDTH, (row + 1) * WIDTH));
    }
  });

  it('gives the same bytes for the same ensemble', () => {
    expect(Buffer.compare(exportOnnx(ensemble, explained.trees, PLAYERS), onnx)).toBe(0);
  });
});

describe('exportOnnx of 40 features', () => {
  /** The last two features are categories of five levels each; 48 columns. */
  const playerOf = [...Array(38).keys(), ...new Array<number>(5).fill(38), ...new Array<number>(5).fill(39)];
  const width = playerOf.length;
  /** One-hot columns are all missing, or all 0 if the level is unseen, or one of them is 1. */
  const oneHot = (): number[] => {
    const level = random.int(6);
    return Array.from({ length: 5 }, (_, i) => Number(i === level));
  };
  const draw = (): number[] => {
    const groups = [oneHot(), oneHot()].map((group) => (random.next() < 0.1 ? group.fill(NaN) : group));
    const numbers = Array.from({ length: 38 }, () => (random.next() < 0.1 ? NaN : random.normal()));
    return [...numbers, ...groups.flat()];
  };
  const rows = Float32Array.from(Array.from({ length: 2000 }, draw).flat());
  const at = (row: number, column: number): number => rows[row * width + column]! || 0;
  const labels = Uint8Array.from({ length: 2000 }, (_, row) => {
    const margin = at(row, 1) + at(row, 33) - at(row, 37) + 2 * at(row, 38) - 2 * at(row, 44) - 0.5;
    return Number(random.next() < 1 / (1 + Math.exp(-margin)));
  });
  const parameters = { ...DEFAULT_PARAMETERS, rounds: 6, depth: 3 };
  const small = fitEnsemble({ x: rows, y: labels, columns: width }, parameters);
  const { baseMargin, trees } = explainEnsemble(small, playerOf);

  it('gives the Shapley values of brute force, missing and one-hot values among them', async () => {
    const players = [...new Set(small.trees.flatMap(({ columns }) => [...columns].map((c) => playerOf[c]!)))];
    expect(players).toEqual(expect.arrayContaining([1, 33, 37, 38, 39]));
    expect(players.length).toBeLessThan(12);
    const model = await createSession(exportOnnx(small, trees, 40));
    const outputs = await model.run(rows, 50);
    await model.close();
    expect(outputs.length).toBe(50 * 41);
    for (let row = 0; row < 50; row++) {
      const wanted = bruteForce(
        small.trees,
        rows.subarray(row * width, (row + 1) * width),
        playerOf,
        players,
      );
      const found = outputs.subarray(row * 41, (row + 1) * 41);
      for (let player = 0; player < 40; player++)
        expect(Math.abs(found[1 + player]! - (wanted.get(player) ?? 0))).toBeLessThan(1e-6);
      const sum = [...wanted.values()].reduce((a, b) => a + b, baseMargin);
      expect(Math.abs(found[0]! - sum)).toBeLessThan(1e-5);
    }
  });
});
