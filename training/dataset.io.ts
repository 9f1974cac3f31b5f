import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { openCsv } from '../schemas/csv/rows.io.ts';
import type { Chunks } from '../schemas/csv/text.io.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { collectDataset, DATASET_NEEDS, type Dataset } from './dataset.ts';

/**
 * Reads a labelled data set.
 *
 * @param name of the dataset. @param file what errors name.
 * @throws Error naming up to ten errors, each with line, column and what to do.
 */
export async function parseDataset(
  input: Chunks,
  customer: CustomerSchema,
  name: string,
  file = name,
): Promise<Dataset> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const dataset = await collectDataset(await openCsv(hashed(), file, DATASET_NEEDS), customer, name);
  return { ...dataset, sha256: hash.digest('hex') };
}

/** Reads the labelled data set of a file; see {@link parseDataset}. */
export const readDataset = (path: string, customer: CustomerSchema, name = path): Promise<Dataset> =>
  parseDataset(createReadStream(path), customer, name, path);
