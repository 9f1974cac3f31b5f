/** For tests only: where the bank's set lies on the machine of a developer. It is never part of the project. */
import { existsSync } from 'node:fs';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { readDataset } from './dataset.io.ts';
import type { Dataset } from './dataset.ts';

const PLACES = ['data/raw/Churn.csv'];

/** The bank's set (`CHURN_CSV`, `data/raw/Churn.csv`, …), or undefined if there is none: such tests are skipped. */
export async function readRealDataset(): Promise<Dataset | undefined> {
  const path = [process.env['CHURN_CSV'] ?? '', ...PLACES].find((place) => place !== '' && existsSync(place));
  return path === undefined ? undefined : readDataset(path, BANK, 'churn');
}
