import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEvents } from '../../cli/event-file.io.ts';
import type { SourcedEvent } from '../../producers/sourced-event.ts';
import { messageOf } from '../../schemas/errors.ts';
import { BANK } from '../../schemas/customer/bank.fixture.ts';
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
export async function readCsvCase({ file, name = 'customers.csv', ...how }: CsvCase): Promise<CsvOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-csv-'));
  const path = join(folder, name);
  const customers: SourcedEvent[] = [];
  const notices: string[] = [];
  const { allowMissing = [], needsLabels = false, isTraining = false } = how;
  let error: string | undefined;
  try {
    writeFileSync(path, file);
    if (isTraining) await readDataset(path, BANK);
    else {
      const notice = (line: string): void => void notices.push(line);
      for await (const customer of await openEvents(path, { schema: BANK, allowMissing, badRows: 'fail', needsLabels, notice })) customers.push(customer); // prettier-ignore
    }
  } catch (cause) {
    error = messageOf(cause).replace(path, name);
  }
  rmSync(folder, { recursive: true });
  return { customers, notices, error };
}
