/** The model that the demo serves, and what its processes must be told to find it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import type { Release } from '../models/manifest.ts';
import { RELEASE_FILES } from '../models/release-files.ts';
import { readRelease } from '../models/store.io.ts';
import { sha256Of } from './demo-holdout.io.ts';

/**
 * The release that the service will find.
 *
 * @throws Error that says how to get one of these customers, if there is none.
 */
export async function readModel({ model, customer, customerSchema }: Config): Promise<Release> {
  const train = `CUSTOMER_SCHEMA=${customerSchema} make train DATA=customers.csv`;
  if (!existsSync(join(model.dir, RELEASE_FILES.manifest)))
    throw new Error(
      `${model.dir} holds no model of the customer schema ${customer.name}: train one: ${train}`,
    );
  const release = await readRelease(model.dir);
  const known = new Set(customer.inputs.map(({ name }) => name));
  const missing = release.manifest.features.map(({ name }) => name).filter((name) => !known.has(name));
  if (missing.length > 0)
    throw new Error(
      `the model in ${model.dir} needs ${missing.join(', ')}, which the customer schema ${customer.name} does not have: train one of its own: ${train}`,
    );
  return release;
}

/** What services find here by a relative path, they find from their own folder too. */
export const placesOf = ({ customerSchema, model }: Config): Record<string, string> => ({
  MODEL_DIR: resolve(model.dir),
  ...(existsSync(customerSchema) && { CUSTOMER_SCHEMA: resolve(customerSchema) }),
});

/** The file that the model was trained on is the trainer's base set: a challenger then knows no less than the champion. */
export async function baseSet(
  file: string | undefined,
  { manifest }: Release,
): Promise<Record<string, string>> {
  if (file === undefined || process.env['TRAINING_BASE_CSV']) return {};
  const isBase = (await sha256Of(file)) === manifest.training.dataset.sha256;
  return isBase ? { TRAINING_BASE_CSV: resolve(file) } : {};
}
