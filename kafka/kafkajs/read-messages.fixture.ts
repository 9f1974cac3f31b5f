/** Another way from a record set to records, by an object for each: what the columns of `kafka/record-slab.ts` are compared with. */
import type { KafkaMessage } from 'kafkajs';
import type { Refusal, SourceRecord } from '../../schemas/ports.ts';
import type { RecordBatch } from '../record-batch.ts';
import { walkRecordSet, type FetchBudget, type FetchLimits, type Visitor } from '../record-set.ts';
import { headersOf, keyOf, NO_HEADERS, valueOf, writableHeaders, type Headers } from '../records.ts';
import { unpack } from './codecs.io.ts';

/** What the library's consumer reads of a message. */
type Message = Omit<KafkaMessage, 'headers' | 'size'> & {
  readonly headers: Headers;
  readonly magicByte: number;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
  /** Not a record to be read: it stands for what is refused. */
  readonly refused?: Refusal;
};

/** The messages of a record set, as the library's consumer takes them. */
export async function readMessages(
  set: Buffer | null,
  place: string,
  from: number,
  limits: FetchLimits,
  budget: FetchBudget,
): Promise<Message[]> {
  if (set === null) return [];
  const { messages, visitor } = collect();
  await walkRecordSet(set, { place, from, limits, budget, unpack }, visitor);
  return messages;
}

const NO_CONTEXT: Message['batchContext'] = { producerId: '-1', inTransaction: false };

function collect(): { messages: Message[]; visitor: Visitor } {
  const messages: Message[] = [];
  let latest: RecordBatch | undefined;
  let context = NO_CONTEXT;
  const contextOf = (batch: RecordBatch | undefined): Message['batchContext'] => {
    if (batch === undefined) return NO_CONTEXT;
    if (batch !== latest)
      context = { producerId: String(batch.producerId), inTransaction: batch.isTransactional };
    latest = batch;
    return context;
  };
  const visitor: Visitor = {
    record: (batch, cursor) =>
      messages.push({
        magicByte: 2,
        attributes: cursor.attributes,
        timestamp: String(cursor.timestampMs),
        offset: String(cursor.offset),
        key: keyOf(cursor),
        value: valueOf(cursor),
        headers: headersOf(cursor),
        isControlRecord: batch.isControl,
        batchContext: contextOf(batch),
      }),
    refused: ({ code, message, firstOffset, lastOffset, timestampMs, key, bytes }, batch) =>
      messages.push({
        ...placeholder(lastOffset, timestampMs, contextOf(batch)),
        key,
        value: bytes,
        refused: { code, message, firstOffset, lastOffset },
      }),
    // Handed on as a marker, which the library passes over: without it a fetch that finds nothing else would be repeated for ever.
    gap: (batch) =>
      messages.push({
        ...placeholder(batch.lastOffset, batch.maxTimestampMs, contextOf(batch)),
        isControlRecord: true,
      }),
  };
  return { messages, visitor };
}

const placeholder = (
  offset: number,
  timestampMs: number,
  batchContext: Message['batchContext'],
): Message => ({
  magicByte: 2,
  attributes: 0,
  timestamp: String(timestampMs),
  offset: String(offset),
  key: null,
  value: null,
  headers: NO_HEADERS,
  isControlRecord: false,
  batchContext,
});

/** A record as the rest of the product knows it. */
export function toSourceRecord(message: Message): SourceRecord {
  const { offset, timestamp, key, value, headers } = message;
  const record = {
    offset: Number(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: writableHeaders(headers),
  };
  const { refused } = message;
  return refused === undefined ? record : { ...record, refused };
}

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
