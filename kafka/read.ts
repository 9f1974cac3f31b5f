/** Records read outside of the loop. */
import type { SourceRecord } from '../schemas/ports.ts';
import { boundsOf } from './offsets.ts';
import type { KafkaClient } from './port.ts';

type Reading = Pick<KafkaClient, 'administer' | 'readRanges'>;

/** Offsets looked at, from the end: first so many (enough to skip markers and aborted records), then more. */
const WINDOWS = [200, 10_000, 200_000];

/** What a search from the end of a partition has found. */
export interface Found {
  /** The newest record that is wanted; undefined: none was found. */
  readonly record: SourceRecord | undefined;
  /** Whether it was looked for in all of the partition. */
  readonly isWhole: boolean;
}

/**
 * The newest committed record of a partition that is wanted. It is looked for from the end, in windows that grow.
 *
 * @param most offsets to look at.
 */
export async function findLast(
  kafka: Reading,
  topic: string,
  partition: number,
  most: number,
  isWanted: (record: SourceRecord) => boolean,
): Promise<Found> {
  const bounds = (await boundsOf(kafka, topic)).find((range) => range.partition === partition);
  if (bounds === undefined) return { record: undefined, isWhole: true };
  const { from: low, to: high } = bounds;
  let record: SourceRecord | undefined;
  let to = high;
  for (const window of [...WINDOWS.filter((size) => size < most), most]) {
    const from = Math.max(low, high - window);
    await kafka.readRanges(topic, [{ partition, from, to }], (records) => {
      for (const candidate of records) if (isWanted(candidate)) record = candidate;
    });
    to = from;
    if (record !== undefined || from === low) break;
  }
  return { record, isWhole: to === low };
}

/** All committed records of a topic with one partition (a small one: the model log). */
export async function readAll(kafka: Reading, topic: string): Promise<SourceRecord[]> {
  const [bounds] = await boundsOf(kafka, topic);
  return readRange(kafka, topic, bounds?.from ?? 0, bounds?.to ?? 0);
}

/** Committed records with `from` <= offset < `to` of a topic with one partition, in order. */
export async function readRange(
  kafka: Pick<KafkaClient, 'readRanges'>,
  topic: string,
  from: number,
  to: number,
): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  await kafka.readRanges(topic, [{ partition: 0, from, to }], (some) => {
    records.push(...some);
  });
  return records;
}
