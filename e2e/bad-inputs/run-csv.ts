import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEvents } from '../../cli/event-file.io.ts';
import type { SourcedEvent } from '../../producers/sourced-event.ts';
import type { CustomerSchema } from '../../schemas/customer/schema.ts';
import { messageOf } from '../../schemas/errors.ts';
import { readDataset } from '../../training/dataset.io.ts';
import type { CsvCase } from './csv-case.ts';

/** What came back of a file. */
export interface CsvOutcome {
  readonly customers: readonly SourcedEvent[];
  readonly notices: readonly string[];
  /** The message, with `customers.csv` for the path. */
  readonly error: string | undefined;
}

/** Reads a file as the command of its case would: up to the first error. */
export async function readCsvCase(
  schema: CustomerSchema,
  { file, name = 'customers.csv', ...how }: CsvCase,
): Promise<CsvOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-csv-'));
  const path = join(folder, name);
  const customers: SourcedEvent[] = [];
  const notices: string[] = [];
  const { allowMissing = [], badRows = 'fail', needsLabels = false, isTraining = false } = how;
  let error: string | undefined;
  try {
    writeFileSync(path, file);
    const notice = (line: string): void => void notices.push(line);
    if (isTraining) {
      const { events, labels } = await readDataset(path, schema, path, { badRows, notice });
      customers.push(...events.map((event, i) => ({ event, churned: labels[i] === 1 })));
    } else {
      for await (const customer of await openEvents(path, { schema, allowMissing, badRows, needsLabels, notice })) customers.push(customer); // prettier-ignore
    }
  } catch (cause) {
    error = messageOf(cause).replace(path, name);
  }
  rmSync(folder, { recursive: true });
  return { customers, notices, error };
}
