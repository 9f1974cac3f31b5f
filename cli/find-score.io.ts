/** One event and its score, found again by their place in the log. */
import { originOf } from '../consumers/output-origin.ts';
import { boundsOf } from '../kafka/offsets.ts';
import type { KafkaClient, OffsetRange } from '../kafka/port.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { messageOf } from '../schemas/errors.ts';

/** Place of a record: what a scoreId says. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Clocks of producer and scorer may differ by this much before the whole partition is searched. */
const CLOCK_SLACK_MS = 60_000;

/** Place of a scoreId `topic/partition/offset`; undefined where it is none. */
export function placeOf(scoreId: string): RecordPlace | undefined {
  const found = /^([A-Za-z0-9._-]+)\/(\d{1,9})\/(\d{1,15})$/.exec(scoreId);
  return found === null
    ? undefined
    : { topic: found[1]!, partition: Number(found[2]), offset: Number(found[3]) };
}

/**
 * Reads one committed record.
 *
 * @throws Error that says what the partition holds where the record is not there.
 */
export async function readRecord(kafka: KafkaClient, place: RecordPlace): Promise<SourceRecord> {
  const { topic, partition, offset } = place;
  const bounds = await rangesOf(kafka, topic);
  const range = bounds.find((entry) => entry.partition === partition);
  if (range === undefined)
    throw new Error(`${topic} has the partitions 0..${String(bounds.length - 1)}, not ${String(partition)}`);
  if (offset < range.from || offset >= range.to)
    throw new Error(
      `offset ${String(offset)} is not in ${topic}/${String(partition)}, which holds ${String(range.from)}..${String(range.to - 1)}: ` +
        (offset < range.from ? 'it was deleted (retention)' : 'it is not written yet'),
    );
  let found: SourceRecord | undefined;
  // On to the next records: at this offset there may be none (a transaction's marker), and something must come.
  await kafka.readRanges(topic, [{ partition, from: offset, to: range.to }], (records, enough) => {
    found ??= records[0];
    enough();
  }); // prettier-ignore
  if (found?.offset !== offset)
    throw new Error(`${topic}/${String(partition)}/${String(offset)} is no committed record`);
  return found;
}

async function rangesOf(kafka: KafkaClient, topic: string): Promise<readonly OffsetRange[]> {
  try {
    return await boundsOf(kafka, topic);
  } catch (cause) {
    throw new Error(`${topic} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/**
 * Finds the score that a group made of an event: its scores of a partition are in the order of the events, and later than they
 * are. Those of other groups, and of a former topic of this name, do not count.
 *
 * @returns the record, or undefined where there is none (not scored yet, a dead letter, or deleted).
 */
export async function findScore(
  kafka: KafkaClient,
  group: string,
  scoresTopic: string,
  place: RecordPlace,
  eventMs: number,
): Promise<SourceRecord | undefined> {
  const { partition } = place;
  const range = (await rangesOf(kafka, scoresTopic)).find((entry) => entry.partition === partition);
  if (range === undefined) return undefined;
  const { from, to } = range;
  const sinceMs = Math.max(0, eventMs - CLOCK_SLACK_MS);
  const { since, topicId } = await kafka.administer(async (admin) => ({
    since: await admin.offsetsSince(scoresTopic, sinceMs),
    topicId: await admin.topicId(place.topic),
  }));
  const wanted = { ...place, group, topicId };
  const likely = Math.min(to, Math.max(from, since.get(partition) ?? to));
  return (
    (await searchScores(kafka, scoresTopic, { partition, from: likely, to }, wanted)) ??
    (await searchScores(kafka, scoresTopic, { partition, from, to: likely }, wanted))
  );
}

interface WantedScore extends RecordPlace {
  readonly group: string;
  readonly topicId: string | undefined;
}

async function searchScores(
  kafka: KafkaClient,
  scoresTopic: string,
  range: OffsetRange,
  { topic, partition, offset, group, topicId }: WantedScore,
): Promise<SourceRecord | undefined> {
  let found: SourceRecord | undefined;
  await kafka.readRanges(scoresTopic, [range], (records, enough) => {
    for (const record of records) {
      const origin = originOf(topic, partition, record);
      if (origin === undefined || origin.end <= offset) continue;
      // What an older release wrote names neither.
      if ((origin.group ?? group) !== group || (origin.topicId ?? topicId) !== topicId) continue;
      if (origin.end === offset + 1) found ??= record;
      enough();
      return;
    }
  });
  return found;
}
