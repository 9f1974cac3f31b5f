import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { readDataset } from '../training/dataset.io.ts';
import { splitDataset } from '../training/split.ts';

/** Event ids of the holdout, where the events are those the model was trained and held out on. */
export async function holdoutOf(
  file: string | undefined,
  customer: CustomerSchema,
  split: string,
  sha256: string,
): Promise<{ name: string; ids: Set<string> } | undefined> {
  if (file === undefined || (await sha256Of(file)) !== sha256) return undefined;
  const dataset = await readDataset(file, customer);
  const { holdout, name } = splitDataset(dataset, 42);
  return name === split
    ? { name, ids: new Set(holdout.map((position) => dataset.events[position]!.eventId)) }
    : undefined;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
