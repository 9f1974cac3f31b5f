import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DEFAULT_PARAMETERS } from '../training/boosting.ts';
import { GYM, gymCsv, inventGym } from '../training/invented.fixture.ts';
import { splitDataset } from '../training/split.ts';
import { readBaseHoldout } from './base-holdout.io.ts';

test('the base holdout is a file of its own, else that of the base set; what is missing is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-base-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const csv = join(folder, 'base.csv');
  const dataset = inventGym(500);
  writeFileSync(csv, gymCsv(dataset));
  const read = (baseCsv: string | null, baseHoldoutCsv: string | null) =>
    readBaseHoldout({ baseCsv, baseHoldoutCsv }, GYM);
  const own = await read(null, csv);
  expect(own).toMatchObject({ from: csv });
  const rows = 'rows' in own ? own.rows : [];
  expect(rows.map(({ churned }) => Number(churned))).toEqual([...dataset.labels]);
  const split = await read(csv, null);
  expect('rows' in split && split.rows.length).toBe(
    splitDataset(dataset, DEFAULT_PARAMETERS.seed).holdout.length,
  );
  expect(await read(null, null)).toEqual({
    missing: 'gate.baseHoldoutCsv and training.baseCsv name no file',
  });
  const away = join(folder, 'away.csv');
  expect(await read(csv, away)).toEqual({ missing: `${away} is not there` });
});
