/** Where an output came from: the headers that say so, written and read. */
import type { Batch, SourceRecord } from '../schemas/ports.ts';

const GROUP = 'source-group';
const TOPIC_ID = 'source-topic-id';

/** What a score or dead letter says of its origin. */
export interface OutputOrigin {
  /** The offset after the one that it was made from. */
  readonly end: number;
  /** The group that made it; undefined: an older release. */
  readonly group: string | undefined;
  /** Kafka's id of the topic that it was made from; undefined: an older release, or Kafka does not give ids. */
  readonly topicId: string | undefined;
}

/** Headers of every score and dead letter of a batch. */
export const originHeaders = (
  group: string,
  { topicId }: Pick<Batch, 'topicId'>,
): Readonly<Record<string, string>> =>
  topicId === undefined ? { [GROUP]: group } : { [GROUP]: group, [TOPIC_ID]: topicId };

/** The origin of a score or dead letter; undefined if it was not made from this partition. */
export function originOf(
  topic: string,
  partition: number,
  { headers }: SourceRecord,
): OutputOrigin | undefined {
  const text = (name: string): string | undefined => {
    const value = headers[name];
    return value === undefined ? undefined : String(value);
  };
  // A dead letter keeps the headers of its record, and those may have a `ce_id` of their own.
  const isDeadLetter = text('source-offset') !== undefined;
  const id = isDeadLetter
    ? `${String(text('source-topic'))}/${String(text('source-partition'))}/${String(text('source-offset'))}`
    : (text('ce_id') ?? '');
  const prefix = `${topic}/${String(partition)}/`;
  const offset = id.startsWith(prefix) ? id.slice(prefix.length) : '';
  if (!/^\d+$/.test(offset)) return undefined;
  return { end: Number(offset) + 1, group: text(GROUP), topicId: text(TOPIC_ID) };
}
