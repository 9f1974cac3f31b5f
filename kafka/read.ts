/** Records read outside of the loop. Each reading has a group of its own, whose name begins with `group`. */
import type { SourceRecord } from '../schemas/ports.ts';
import { boundsOf } from './offsets.ts';
import type { KafkaClient } from './port.ts';

type Reading = Pick<KafkaClient, 'administer' | 'readRanges'>;

/** Records looked at from the end: enough to skip markers and aborted ones. */
const TAIL_OFFSETS = 200;

/** The last committed record of a partition; undefined if there is none. */
export async function readLast(
  kafka: Reading,
  topic: string,
  group: string,
  partition = 0,
): Promise<SourceRecord | undefined> {
  const bounds = (await boundsOf(kafka, topic)).find((range) => range.partition === partition);
  if (bounds === undefined) return undefined;
  const { from: low, to: high } = bounds;
  let last: SourceRecord | undefined;
  for (const from of new Set([Math.max(low, high - TAIL_OFFSETS), low])) {
    await kafka.readRanges(topic, group, [{ partition, from, to: high }], (records) => {
      last = records[records.length - 1] ?? last;
    });
    if (last !== undefined) break;
  }
  return last;
}

/** All committed records of a topic with one partition (a small one: the model log). */
export async function readAll(kafka: Reading, topic: string, group: string): Promise<SourceRecord[]> {
  const [bounds] = await boundsOf(kafka, topic);
  return readRange(kafka, topic, group, bounds?.from ?? 0, bounds?.to ?? 0);
}

/** Committed records with `from` <= offset < `to` of a topic with one partition, in order. */
export async function readRange(
  kafka: Pick<KafkaClient, 'readRanges'>,
  topic: string,
  group: string,
  from: number,
  to: number,
): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  await kafka.readRanges(topic, group, [{ partition: 0, from, to }], (some) => {
    records.push(...some);
  });
  return records;
}
