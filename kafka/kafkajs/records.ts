/** Records as kafkajs sends them. */
import type { IHeaders, Message, Producer, RecordMetadata } from 'kafkajs';
import { BankChurnError } from '../../schemas/errors.ts';
import { listOf } from '../../schemas/record-frames.ts';
import { isTooLarge } from './translate-errors.ts';
import type { Emission, OutputRecord } from '../../schemas/ports.ts';

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

export const tooLarge = (topic: string, records: number, cause: unknown): BankChurnError =>
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
