/** Records between kafkajs and the product. */
import type { IHeaders, KafkaMessage, Message, Producer, RecordMetadata } from 'kafkajs';
import { BankChurnError } from '../../schemas/errors.ts';
import type { Emission, OutputRecord, RecordHeaders, SourceRecord } from '../../schemas/ports.ts';

const NO_HEADERS: RecordHeaders = Object.freeze(Object.create(null) as RecordHeaders);

/** A record as the rest of the product knows it. */
export function toSourceRecord({ offset, timestamp, key, value, headers }: KafkaMessage): SourceRecord {
  return {
    offset: Number(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: cleanHeaders(headers),
  };
}

/**
 * kafkajs merges repeated headers over a plain object, so a header named `constructor` or `__proto__` comes with what
 * the prototype has under that name; and it cannot write a null value. Only bytes are kept; null becomes empty.
 */
function cleanHeaders(headers: IHeaders | undefined): RecordHeaders {
  if (headers === undefined) return NO_HEADERS;
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  const clean = Object.create(null) as Record<string, Buffer | readonly Buffer[]>;
  for (const name of names) {
    const given = headers[name] as unknown;
    const values = (Array.isArray(given) ? given : [given])
      .filter((value) => value === null || Buffer.isBuffer(value))
      .map((value: Buffer | null) => value ?? Buffer.alloc(0));
    clean[name] = values.length === 1 ? values[0]! : values;
  }
  return clean;
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

/** kafkajs can lose an acknowledged part of a send when a leader moves: one partition a send, and its reply is checked. */
export async function sendCovered(
  sender: Pick<Producer, 'send'>,
  { topic, partition, records }: Emission,
): Promise<number> {
  const messages = records.map((record) => toMessage(record, partition));
  const reply: RecordMetadata[] = await sender.send({ topic, acks: -1, messages });
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
