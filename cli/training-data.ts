/** What a training reads, and where it writes. A model of simulated customers never lands where the service looks for one. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { placesOf, SHIPPED_SCHEMA } from '../config-places.ts';
import type { Config } from '../config.ts';
import { sha256 } from '../models/release-files.ts';
import { createSimulator } from '../producers/simulator.ts';
import { readDataset } from '../training/dataset.io.ts';
import { assertTrainable, type Dataset, type DatasetReading } from '../training/dataset.ts';
import { packageRoot } from './context.ts';

export const SIMULATED_FOLDER = '.data/simulated';
const SIMULATED_CUSTOMERS = 10_000;
const SHIPPED = placesOf(true, '');

/** Where a training writes. */
export interface Outputs {
  /** Folder of the release. */
  readonly out: string;
  /** File of the figures. */
  readonly metrics: string;
}

/**
 * Where a training writes: by default where the service looks with this customer schema, or below `SIMULATED_FOLDER`.
 *
 * @throws Error for a simulated model in a folder that is served, or of another kind of customers than the simulated ones.
 */
export function outputsOf(
  { simulated, out, metrics }: { readonly simulated?: true } & Partial<Outputs>,
  { places, model }: Pick<Config, 'places' | 'model'>,
): Outputs {
  if (simulated !== true) return { out: out ?? places.model, metrics: metrics ?? places.metrics };
  if (!places.isShipped)
    throw new Error(
      `simulated customers are those of ${SHIPPED_SCHEMA}: unset CUSTOMER_SCHEMA, or name labelled customers with --data (DATA=file.csv make train)`,
    );
  const outputs = {
    out: out ?? `${SIMULATED_FOLDER}/champion`,
    metrics: metrics ?? `${SIMULATED_FOLDER}/metrics.json`,
  };
  const served = [model.dir, SHIPPED.model, join(packageRoot(), SHIPPED.model)].map((path) => resolve(path));
  if (served.includes(resolve(outputs.out)))
    throw new Error(`${outputs.out} is served: a model of simulated customers is not written there`);
  return outputs;
}

/**
 * The file of the labelled customers: the named one, else the one that belongs to the customer schema.
 *
 * @throws Error that says how to get the file, if it is not there.
 */
export function dataFile(
  path: string | undefined,
  { places, customer }: Pick<Config, 'places' | 'customer'>,
): string {
  if (path !== undefined) return path;
  const { data } = places;
  if (data === null)
    throw new Error(
      `nothing was trained: name the labelled customers of the customer schema "${customer.name}" ` +
        '(`DATA=file.csv make train`, `bankchurn train --data file.csv`)',
    );
  const file = [data, join(packageRoot(), data)].find((candidate) => existsSync(candidate));
  if (file !== undefined) return file;
  throw new Error(
    `there is no ${data}, and nothing was trained. Get it with \`dvc pull\`, place it there by hand, ` +
      'or name another file (`DATA=file.csv make train`, `bankchurn train --data file.csv`). ' +
      'To train on simulated customers, for a try: `SIMULATED=1 make train` (`bankchurn train --simulated`)',
  );
}

/** The labelled customers of a file. Throws an Error with line, column and what to do. */
export async function openDataset(
  file: string,
  { customer }: Pick<Config, 'customer'>,
  reading: DatasetReading,
): Promise<Dataset> {
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
