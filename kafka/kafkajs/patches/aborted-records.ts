/**
 * Which records of a fetch belong to aborted transactions. kafkajs's own filter expects the broker's list sorted by first
 * offset (it is by completion), takes one entry per record where several may be due, and takes any record with the key
 * 00000000 for an abort marker: with interleaved producers it lets aborted records through. See kafka/kafkajs/README.md.
 */
interface FetchedRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}
interface AbortedTransaction {
  readonly firstOffset: string;
  readonly producerId: string;
}

/** Control record key: version 0, type 0 = abort. */
const isAbortMarker = ({ isControlRecord, key }: FetchedRecord): boolean =>
  isControlRecord && key?.length === 4 && key.readUInt32BE(0) === 0;

/** The records that a `read_committed` reader may see, control records included (the library drops those itself). */
export function keepCommitted<R extends FetchedRecord>({
  messages,
  abortedTransactions,
}: {
  readonly messages: readonly R[];
  readonly abortedTransactions?: readonly AbortedTransaction[] | null;
}): R[] {
  if (!abortedTransactions || abortedTransactions.length === 0) return [...messages];
  const due = [...abortedTransactions]
    .map(({ firstOffset, producerId }) => ({
      firstOffset: BigInt(firstOffset),
      producerId,
    }))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0));
  const aborting = new Set<string>();
  let next = 0;
  return messages.filter((message) => {
    const offset = BigInt(message.offset);
    for (; next < due.length && due[next]!.firstOffset <= offset; next++) aborting.add(due[next]!.producerId);
    const { producerId, inTransaction } = message.batchContext;
    if (isAbortMarker(message)) {
      aborting.delete(producerId);
      return true;
    }
    return !(inTransaction && aborting.has(producerId) && !message.isControlRecord);
  });
}
