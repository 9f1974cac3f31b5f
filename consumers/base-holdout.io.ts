/** The base holdout: labelled customers of the time before any drift, from a file that is mounted beside the trainer. */
import { existsSync } from 'node:fs';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { DEFAULT_PARAMETERS } from '../training/boosting.ts';
import { readDataset } from '../training/dataset.io.ts';
import { splitDataset } from '../training/split.ts';
import type { BaseRows } from './judge-challenge.ts';

export interface BasePlaces {
  /** CSV of the base set; its holdout is the one that `train` splits off. Null: none. */
  readonly baseCsv: string | null;
  /** CSV of the base holdout itself; null: that of `baseCsv`. */
  readonly baseHoldoutCsv: string | null;
}

/** Rows that are looked at, spread evenly over the file. */
const MOST_ROWS = 20_000;

/** Reads the base holdout. Throws what is wrong with a file that is there. */
export async function readBaseHoldout(
  { baseCsv, baseHoldoutCsv }: BasePlaces,
  customer: CustomerSchema,
): Promise<BaseRows> {
  const path = baseHoldoutCsv ?? baseCsv;
  if (path === null) return { missing: 'gate.baseHoldoutCsv and training.baseCsv name no file' };
  if (!existsSync(path)) return { missing: `${path} is not there` };
  const dataset = await readDataset(path, customer);
  const all =
    baseHoldoutCsv === null
      ? splitDataset(dataset, DEFAULT_PARAMETERS.seed).holdout
      : dataset.events.map((_, row) => row);
  const step = Math.max(1, all.length / MOST_ROWS);
  const taken = Array.from({ length: Math.min(all.length, MOST_ROWS) }, (_, i) => all[Math.floor(i * step)]!);
  const rows = taken.map((row) => ({ event: dataset.events[row]!, churned: dataset.labels[row] === 1 }));
  return { rows, from: path };
}
