/** What needs the bank's data: skipped, and counted, where it is not there. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createFeatureRowEncoder } from '../models/feature-row.ts';
import { readRelease } from '../models/store.io.ts';
import { parseDataset } from './dataset.ts';
import { splitDataset } from './split.ts';
import { trainRelease } from './train.ts';

const path = [process.env['CHURN_CSV'] ?? '', 'data/raw/Churn.csv'].find(
  (file) => file !== '' && existsSync(file),
);
const realTest = test.skipIf(path === undefined);
const dataset = () => parseDataset(readFileSync(path!, 'utf8'), 'churn');

realTest('the shipped champion is what training gives, byte for byte, and passes its figures', async () => {
  const data = dataset();
  const { release, evaluation } = trainRelease(data, splitDataset(data, 42));
  const shipped = await readRelease('models/champion');
  expect(release.manifest).toEqual(shipped.manifest);
  expect(Buffer.compare(release.onnx, shipped.onnx)).toBe(0);
  expect(evaluation.roc_auc).toBeGreaterThan(0.868);
  expect(evaluation.f1_weighted).toBeGreaterThan(0.8);
});

realTest('no golden row is a customer', async () => {
  const { manifest, golden } = await readRelease('models/champion');
  const encode = createFeatureRowEncoder(manifest.features);
  const row = new Float32Array(manifest.columns);
  const customers = new Set(
    dataset().events.map((event) => {
      encode(event, row, 0);
      return row.join();
    }),
  );
  expect(customers.size).toBeGreaterThan(9000);
  for (const values of golden.rows)
    expect(customers.has(new Float32Array(values.map((value) => value ?? NaN)).join())).toBe(false);
});

realTest('the holdout is split 42: 2,000 rows with the share of churners of the whole', () => {
  const data = dataset();
  const { name, train, holdout } = splitDataset(data, 1);
  expect([name, train.length, holdout.length]).toEqual(['holdout-42', 8000, 2000]);
  expect(holdout.filter((position) => data.labels[position] === 1)).toHaveLength(407);
});
