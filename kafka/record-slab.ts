/** What a fetch brought of one partition, walked over once and kept as columns: no object is made for a record before somebody asks for it. */
import type { Records } from '../schemas/records.ts';
import { committedBatches, type AbortedTransaction } from './committed-batches.ts';
import { takePlain } from './plain-records.ts';
import { RecordColumns, recordsIn } from './record-columns.ts';
import { walkRecordSet, type Visitor, type WalkOptions } from './record-set.ts';

export interface ReadOptions extends WalkOptions {
  /** Transactions whose records are left out. */
  readonly aborted: readonly AbortedTransaction[];
}

/** What is to be read of `first` <= offset < `next`: the records, and nothing else. */
export interface ReadRecords {
  readonly records: Records;
  /** Where reading began: `from`. */
  readonly first: number;
  /** Where the next fetch begins. `first` where nothing whole was fetched, or the budget did not suffice for anything. */
  readonly next: number;
  /** Memory that the records keep, bytes. */
  readonly bytes: number;
}

/**
 * Reads a record set up to its end, or to that of the budget, also within a batch. Never rejects on any bytes: what cannot be handed
 * out is a record that says so (`refused`).
 *
 * @param set record batches as they lie in the log; the last one may be cut. The records are views of it.
 */
export async function readFetched(set: Buffer, options: ReadOptions): Promise<ReadRecords> {
  const columns = new RecordColumns();
  const next = await walkRecordSet(set, options, filling(columns, options.aborted));
  const bytes = columns.sources.reduce((sum, { length }) => sum + length, 0);
  return { records: recordsIn(columns), first: options.from, next, bytes };
}

/** Puts committed records into columns. */
function filling(columns: RecordColumns, aborted: readonly AbortedTransaction[]): Visitor {
  const committed = committedBatches(aborted);
  return {
    skips: committed.isAborted,
    records: (batch, cursor, from, most) =>
      batch.isControl ? 0 : takePlain(columns, batch, cursor, from, most),
    record: (batch, cursor) => {
      if (batch.isControl) committed.marker(batch, cursor);
      else columns.add(cursor);
    },
    refused: (refused, batch, cursor) => {
      if (batch === undefined || !committed.isOfAborted(batch)) columns.refuse(refused, cursor);
    },
  };
}
