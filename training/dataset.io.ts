import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { openCsv } from '../schemas/csv/rows.io.ts';
import type { Chunks } from '../schemas/csv/text.io.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { collectDataset, datasetNeeds, type Dataset, type DatasetReading } from './dataset.ts';

/** Without an error in any row. */
const STRICT: DatasetReading = { badRows: 'fail', notice: () => undefined };

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
  reading = STRICT,
): Promise<Dataset> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const opened = await openCsv(hashed(), file, datasetNeeds(customer, reading.badRows), customer);
  const dataset = await collectDataset(opened, customer, name, reading);
  return { ...dataset, sha256: hash.digest('hex') };
}

/** Reads the labelled data set of a file; see {@link parseDataset}. */
export const readDataset = (
  path: string,
  customer: CustomerSchema,
  name = path,
  reading?: DatasetReading,
): Promise<Dataset> => parseDataset(createReadStream(path), customer, name, path, reading);
