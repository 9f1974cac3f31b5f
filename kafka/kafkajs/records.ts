/** Records between kafkajs and the product. */
import type { IHeaders, KafkaMessage, Message, Producer, RecordMetadata } from 'kafkajs';
import { BankChurnError } from '../../schemas/errors.ts';
import { listOf } from '../../schemas/record-frames.ts';
import { isTooLarge } from './translate-errors.ts';
import type { Emission, OutputRecord, RecordHeaders, Refusal, SourceRecord } from '../../schemas/ports.ts';
import type { Headers } from '../records.ts';

const NO_HEADERS: RecordHeaders = Object.freeze(Object.create(null) as RecordHeaders);
const NO_BYTES = Buffer.alloc(0);

/** A record as the rest of the product knows it. */
export function toSourceRecord(message: KafkaMessage): SourceRecord {
  const { offset, timestamp, key, value, headers } = message;
  const record = {
    offset: Number(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: writableHeaders(headers as Headers | undefined),
  };
  const { refused } = message as { refused?: Refusal };
  return refused === undefined ? record : { ...record, refused };
}

/** kafkajs cannot write a header whose value is null: it becomes an empty one. */
function writableHeaders(headers: Headers | undefined): RecordHeaders {
  if (headers === undefined) return NO_HEADERS;
  const fill = (value: Buffer | null): Buffer => value ?? NO_BYTES;
  for (const name in headers) {
    const given = headers[name] as Headers[string];
    if (given === null) headers[name] = NO_BYTES;
    else if (Array.isArray(given)) headers[name] = given.map(fill);
  }
  return headers as RecordHeaders;
}

/** A record as kafkajs sends it. */
export function toMessage(record: OutputRecord, partition?: number): Message {
  const { key, value, headers } = record;
  return {
    key,
    value,
    ...(headers === undefined ? {} : { headers: headers as IHeaders }),
    ...(partition === undefined ? {} : { partition }),
  };
}

const tooLarge = (topic: string, records: number, cause: unknown): BankChurnError =>
  new BankChurnError(
    'OUTPUT_TOO_LARGE',
    `${topic} takes no batch of ${String(records)} records as large as this: see max.message.bytes of the topic`,
    { cause },
  );

/** kafkajs can lose an acknowledged part of a send when a leader moves: one partition a send, and its reply is checked. */
export async function sendCovered(
  sender: Pick<Producer, 'send'>,
  { topic, partition, records }: Emission,
): Promise<number> {
  const messages = listOf(records).map((record) => toMessage(record, partition));
  const reply: RecordMetadata[] = await sender.send({ topic, acks: -1, messages }).catch((error: unknown) => {
    throw isTooLarge(error) ? tooLarge(topic, messages.length, error) : error;
  });
  const covered = reply.find(
    (part) => part.topicName === topic && part.partition === partition && part.errorCode === 0,
  );
  if (covered === undefined)
    throw new BankChurnError(
      'TRANSACTION_FAILED',
      `the broker's reply does not cover ${topic}/${String(partition)}`,
    );
  return Number(covered.baseOffset ?? -1);
}
