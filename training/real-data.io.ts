/** For tests only: where the bank's set lies on the machine of a developer. It is never part of the project. */
import { existsSync, readFileSync } from 'node:fs';
import { parseDataset, type Dataset } from './dataset.ts';

const PLACES = ['data/raw/Churn.csv'];

/** The bank's set (`CHURN_CSV`, `data/raw/Churn.csv`, …), or undefined where there is none: such tests are skipped. */
export function readRealDataset(): Dataset | undefined {
  const path = [process.env['CHURN_CSV'] ?? '', ...PLACES].find((place) => place !== '' && existsSync(place));
  return path === undefined ? undefined : parseDataset(readFileSync(path, 'utf8'), 'churn');
}
