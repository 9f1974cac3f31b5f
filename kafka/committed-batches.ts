/** Which batches of a fetch belong to aborted transactions, for a reader of committed records only. */
import type { RecordBatch } from './record-batch.ts';
import type { RecordCursor } from './records.ts';

/** What a fetch says of a transaction that was aborted: whose it was, and its first offset in the partition. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** Follows the batches of one partition, in the order of their offsets. */
export interface CommittedBatches {
  /** Whether the records of a batch are of an aborted transaction. Never so for a batch of transaction markers. */
  isAborted(batch: RecordBatch): boolean;
  /** Whether the producer of a batch that cannot be read has a transaction open that is aborted later. */
  isOfAborted(batch: RecordBatch): boolean;
  /** A record of a batch of markers: one that says "aborted" ends its producer's transaction. */
  marker(batch: RecordBatch, record: RecordCursor): void;
}

/** @param aborted in any order: a fetch has it in that of completion. */
export function committedBatches(aborted: readonly AbortedTransaction[]): CommittedBatches {
  if (aborted.length === 0) return ALL_COMMITTED;
  const due = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<bigint>();
  let next = 0;
  const isOfAborted = ({ isTransactional, producerId }: RecordBatch): boolean =>
    isTransactional && aborting.has(producerId);
  return {
    isAborted: (batch) => {
      for (; next < due.length && due[next]!.firstOffset <= batch.lastOffset; next++)
        aborting.add(due[next]!.producerId);
      return !batch.isControl && isOfAborted(batch);
    },
    isOfAborted,
    marker: ({ producerId }, record) => {
      if (isAbortMarker(record)) aborting.delete(producerId);
    },
  };
}

const ALL_COMMITTED: CommittedBatches = {
  isAborted: () => false,
  isOfAborted: () => false,
  marker: () => undefined,
};

/** Key of a control record: version 0, type 0 = abort. */
const isAbortMarker = ({ bytes, keyAt, keyLength }: RecordCursor): boolean =>
  keyLength === 4 && bytes.readUInt32BE(keyAt) === 0;
