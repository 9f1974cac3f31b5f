/** What a training reads, and where it writes. A model of simulated customers never lands where the service looks for one. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sha256 } from '../models/release-files.ts';
import { createSimulator } from '../producers/simulator.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { readDataset } from '../training/dataset.io.ts';
import { assertTrainable, type Dataset, type DatasetReading } from '../training/dataset.ts';
import { packageRoot } from './context.ts';

export const DEFAULT_DATA = 'data/raw/Churn.csv';
export const SIMULATED_FOLDER = '.data/simulated';
const SIMULATED_CUSTOMERS = 10_000;

/** Where a training writes. */
export interface Places {
  /** Folder of the release. */
  readonly out: string;
  /** File of the figures. */
  readonly metrics: string;
}

/** Where trainings write by default. */
export const PLACES: Readonly<Record<'real' | 'simulated', Places>> = {
  real: { out: 'models/champion', metrics: 'models/metrics.json' },
  simulated: { out: `${SIMULATED_FOLDER}/champion`, metrics: `${SIMULATED_FOLDER}/metrics.json` },
};

/**
 * Where a training writes.
 *
 * @param modelDir where the service looks for its release.
 * @throws Error for a simulated model in that folder.
 */
export function placesOf(
  { simulated, out, metrics }: { readonly simulated?: true } & Partial<Places>,
  modelDir: string,
): Places {
  const usual = PLACES[simulated === true ? 'simulated' : 'real'];
  const places = { out: out ?? usual.out, metrics: metrics ?? usual.metrics };
  const served = [modelDir, PLACES.real.out, join(packageRoot(), PLACES.real.out)].map((path) =>
    resolve(path),
  );
  if (simulated === true && served.includes(resolve(places.out)))
    throw new Error(`${places.out} is served: a model of simulated customers is not written there`);
  return places;
}

/**
 * The labelled customers of a file.
 *
 * @throws Error that says how to get the file, if it is not there.
 */
export async function openDataset(
  path: string | undefined,
  customer: CustomerSchema,
  reading: DatasetReading,
): Promise<Dataset> {
  const places = [DEFAULT_DATA, join(packageRoot(), DEFAULT_DATA)];
  const file = path ?? places.find((candidate) => existsSync(candidate));
  if (file === undefined)
    throw new Error(
      `there is no ${DEFAULT_DATA}, and nothing was trained. Get it with \`dvc pull\`, place it there by hand, ` +
        'or name another file (`DATA=file.csv make train`, `bankchurn train --data file.csv`). ' +
        'To train on simulated customers, for a try: `SIMULATED=1 make train` (`bankchurn train --simulated`)',
    );
  const dataset = await readDataset(file, customer, customer.name, reading);
  assertTrainable(dataset, customer, file);
  return dataset;
}

/** Customers of the simulator with their labels; the same at each call. */
export function simulatedDataset(): Dataset {
  const next = createSimulator({ seed: 1, startMs: 0, stepMs: 1, idPrefix: 'sim-' });
  const customers = Array.from({ length: SIMULATED_CUSTOMERS }, next);
  return {
    name: 'simulated',
    sha256: sha256(JSON.stringify(customers)),
    events: customers.map(({ event }) => event),
    labels: Uint8Array.from(customers, ({ churned }) => Number(churned)),
    rowNumbers: customers.map((_, i) => i + 1),
  };
}
