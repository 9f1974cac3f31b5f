/**
 * kafkajs decodes a fetched batch without any limit: it unpacks whatever comes, needs the square of a record's headers, and one batch
 * that is not valid ends its consumer. Here it only finds the bytes of each partition; `kafka/record-set.ts` walks over them.
 */
import { createRequire } from 'node:module';
import type { KafkaMessage } from 'kafkajs';
import type { Refusal } from '../../../schemas/ports.ts';
import type { RecordBatch } from '../../record-batch.ts';
import {
  openBudget,
  walkRecordSet,
  type FetchBudget,
  type FetchLimits,
  type Visitor,
} from '../../record-set.ts';
import { headersOf, keyOf, NO_HEADERS, valueOf, type Headers } from '../../records.ts';
import { unpack } from '../codecs.io.ts';

const require = createRequire(import.meta.url);

/**
 * Of every consumer. A batch of 1 MiB (Kafka's limit, packed) of our JSON events unpacks to 7 MiB. Garbage included, a consumer that gets
 * nothing but the largest batches takes 200 MiB more than one without records.
 */
export const UNPACK_LIMITS: FetchLimits = {
  unpackedBytes: 16 * 1024 * 1024,
  records: 30_000,
  headers: 10_000,
};

/** Where the fetch protocol has batches; brokers since 0.11 speak it. */
const FIRST_VERSION = 4;

/** What the library's consumer reads of a message. */
type Message = Omit<KafkaMessage, 'headers' | 'size'> & {
  readonly headers: Headers;
  readonly magicByte: number;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
  /** Not a record to be read: it stands for what is refused. */
  readonly refused?: Refusal;
};

interface FetchedPartition {
  readonly partition: number;
  messages: unknown;
}
interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly FetchedPartition[];
  }[];
}
interface FetchOptions {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string | number }[];
  }[];
}
interface Decoder<T> {
  decode(raw: Buffer): Promise<T>;
}
interface Exchange {
  readonly response: Decoder<FetchResponse>;
}
interface FetchProtocol {
  protocol(of: { readonly version: number }): (options: FetchOptions) => Exchange;
}

/** Puts the walk in the place of the library's decoder; before the first fetch. */
export function installRecordBatches(
  replace: (path: string, make: () => unknown) => void,
  limits: FetchLimits = UNPACK_LIMITS,
): void {
  replace(
    'protocol/requests/fetch/v4/decodeMessages.js', // of all later versions too
    () => (decoder: { readBytes(): Buffer | null }) => Promise.resolve(decoder.readBytes()),
  );
  const fetch = require('kafkajs/src/protocol/requests/fetch') as FetchProtocol;
  const original = fetch.protocol;
  fetch.protocol = ({ version }) => {
    const exchange = original({ version });
    return version < FIRST_VERSION ? exchange : (options) => walked(exchange(options), options, limits);
  };
}

const walked = (exchange: Exchange, { topics }: FetchOptions, limits: FetchLimits): Exchange => ({
  ...exchange,
  response: {
    ...exchange.response,
    decode: async (raw) => {
      const fetched = await exchange.response.decode(raw);
      const budget = openBudget(limits);
      for (const { topicName, partitions } of fetched.responses)
        for (const part of partitions) {
          const from = fetchOffset(topics, topicName, part.partition);
          const place = `${topicName}/${String(part.partition)}`;
          part.messages = await readMessages(part.messages as Buffer | null, place, from, limits, budget);
        }
      return fetched;
    },
  },
});

/** A topic may be named several times in a request. */
function fetchOffset(topics: FetchOptions['topics'], topicName: string, partition: number): number {
  for (const { topic, partitions } of topics) {
    const asked = topic === topicName ? partitions.find((entry) => entry.partition === partition) : undefined;
    if (asked !== undefined) return Number(asked.fetchOffset);
  }
  return 0;
}

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
