import { expect, test } from 'vitest';
import { createSession } from '../scoring/onnx.io.ts';
import { createRandom } from '../schemas/random.ts';
import {
  DEFAULT_PARAMETERS,
  fitEnsemble,
  predictMargins,
  type BoostingData,
  type Ensemble,
} from './boosting.ts';
import { float32Below } from './bin-columns.ts';
import { rocAuc } from './evaluation.ts';
import { exportOnnx } from './export.ts';
import { explainEnsemble } from './shapley.ts';
import { ensembleOutputs } from './train.ts';

const COLUMNS = 4;

/** Rows with a known law: column 0 matters, column 1 where it is present, column 2 is 0/1, column 3 is noise. */
function makeData(rows: number, seed: number): BoostingData {
  const random = createRandom(seed);
  const x = new Float32Array(rows * COLUMNS);
  const y = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const values = [
      random.normal(),
      random.next() < 0.2 ? NaN : random.normal(),
      random.int(2),
      random.normal(),
    ];
    x.set(values, row * COLUMNS);
    const margin =
      2 * Math.sin(values[0]! * 2) + (Number.isNaN(values[1]) ? 1 : values[1]!) + 1.5 * values[2]! - 1;
    y[row] = random.next() < 1 / (1 + Math.exp(-margin)) ? 1 : 0;
  }
  return { x, y, columns: COLUMNS };
}

const players = [0, 1, 2, 2];
const parameters = { ...DEFAULT_PARAMETERS, rounds: 30, depth: 4 };

test('learns a law, and the same twice', () => {
  const data = makeData(3000, 1);
  const test_ = makeData(2000, 2);
  const ensemble = fitEnsemble(data, parameters);
  expect(rocAuc(predictMargins(ensemble, test_.x), test_.y)).toBeGreaterThan(0.85);
  expect(fitEnsemble(data, parameters)).toEqual(ensemble);
  expect(fitEnsemble(data, { ...parameters, seed: 43 })).not.toEqual(ensemble);
});

test('weights count like repeated rows', () => {
  const data = makeData(400, 3);
  const all = { ...parameters, rowSampling: 1, rounds: 5 };
  const twice: BoostingData = {
    x: Float32Array.from([...data.x, ...data.x]),
    y: Uint8Array.from([...data.y, ...data.y]),
    columns: COLUMNS,
  };
  const weighted = fitEnsemble({ ...data, weights: new Float64Array(400).fill(2) }, all);
  const repeated = predictMargins(fitEnsemble(twice, all), data.x);
  predictMargins(weighted, data.x).forEach((margin, i) => expect(margin).toBeCloseTo(repeated[i]!, 8));
});

/** Rows of all kinds: drawn, missing, and exactly on every threshold and beside it. */
function probes(ensemble: Ensemble): Float32Array {
  const rows = [...makeData(500, 9).x];
  for (const tree of ensemble.trees) {
    tree.thresholds.forEach((threshold, level) => {
      for (const value of [threshold, Math.fround(threshold + 1e-6), float32Below(threshold - 1e-7)]) {
        const row = new Array<number>(COLUMNS).fill(0.25);
        row[tree.columns[level]!] = value;
        rows.push(...row);
      }
    });
  }
  rows.push(...new Array<number>(COLUMNS).fill(NaN));
  return Float32Array.from(rows);
}

test('ONNX = in-memory ensemble, also exactly on thresholds and for missing values; contributions sum to margin − base', async () => {
  const ensemble = fitEnsemble(makeData(3000, 4), parameters);
  const { baseMargin, trees } = explainEnsemble(ensemble, players, 3);
  const session = await createSession(exportOnnx(ensemble, trees, 3));
  const x = probes(ensemble);
  const rows = x.length / COLUMNS;
  const outputs = await session.run(x, rows);
  const expected = ensembleOutputs(ensemble, trees, 3, x);
  expect([session.columns, session.outputs]).toEqual([COLUMNS, 4]);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(outputs[i]! - expected[i]!));
  expect(worst).toBeLessThan(1e-5);
  for (let row = 0; row < rows; row++) {
    const [margin, ...contributions] = outputs.subarray(row * 4, row * 4 + 4);
    expect(Math.abs(baseMargin + contributions.reduce((a, b) => a + b, 0) - margin!)).toBeLessThan(1e-5);
  }
  await session.close();
});

test('float32Below is the largest float32 not above', () => {
  for (const x of [0, 1, -1, 0.1, -0.1, 1e-30, 12345.678, -98765.4321, Math.fround(0.3)]) {
    const below = float32Below(x);
    expect(below <= x && Math.fround(below) === below).toBe(true);
    expect(x - below).toBeLessThanOrEqual(Math.abs(x) * 2 ** -23 + 1e-44);
  }
});

test('says what is wrong with data that cannot be learned from', () => {
  const data = makeData(50, 5);
  expect(() => fitEnsemble({ ...data, y: new Uint8Array(50) }, parameters)).toThrow(
    'who left and customers who stayed',
  );
  expect(() => fitEnsemble({ ...data, x: new Float32Array(200) }, parameters)).toThrow(
    'two different values',
  );
});
