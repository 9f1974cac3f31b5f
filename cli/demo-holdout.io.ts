import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { BadRowsRule } from '../schemas/csv/bad-rows.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { readDataset } from '../training/dataset.io.ts';
import { splitDataset } from '../training/split.ts';

/** Rows of a file that the model was never trained on, as customers all of whose rows are held out. */
export interface Holdout {
  readonly name: string;
  readonly customers: ReadonlySet<string>;
}

/** The holdout, where the events are those the model was trained and held out on. */
export async function holdoutOf(
  file: string | undefined,
  schema: CustomerSchema,
  badRows: BadRowsRule,
  split: string,
  sha256: string,
): Promise<Holdout | undefined> {
  if (file === undefined || (await sha256Of(file)) !== sha256) return undefined;
  const dataset = await readDataset(file, schema, file, { badRows, notice: () => undefined });
  const { holdout, train, name } = splitDataset(dataset, 42);
  const customerAt = (position: number): string => dataset.events[position]!.customerId;
  const trained = new Set(train.map(customerAt));
  const customers = holdout.map(customerAt).filter((customer) => !trained.has(customer));
  return name === split ? { name, customers: new Set(customers) } : undefined;
}

/** Of the bytes of a file, in hexadecimal digits. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
