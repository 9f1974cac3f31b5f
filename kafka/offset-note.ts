/**
 * What lies with a committed offset (its metadata, as Kafka calls the text): the id of the topic that it is of, and the names of the
 * writers whose transactions may still change the partition, so that whoever takes over knows whom to fence.
 */

/** What a note says. */
export interface OffsetNote {
  /** undefined: Kafka gives no ids, or somebody set the offset by hand. */
  readonly topicId: string | undefined;
  /**
   * The last one is the partition's owner; those before it owned it earlier and may be alive. Empty: an older release, at least once,
   * or set by hand.
   */
  readonly writers: readonly string[];
}

const TOPIC_ID = /^topic-id=([\w-]{22})$/;
const WRITERS = /^writers=([\w-]+(?:,[\w-]+)*)$/;
/** Former owners that a note keeps; the oldest go. Kafka takes 4,096 bytes. */
const MAX_WRITERS = 16;

/** The text for an offset; empty if there is nothing to say. */
export function offsetNote(topicId: string | undefined, writers: readonly string[] = []): string {
  const parts = topicId === undefined ? [] : [`topic-id=${topicId}`];
  if (writers.length > 0) parts.push(`writers=${writers.slice(-MAX_WRITERS).join(',')}`);
  return parts.join(';');
}

/** Reads a text; what is not of our making says nothing. */
export function readNote(note: string | null): OffsetNote {
  const parts = (note ?? '').split(';');
  const find = (form: RegExp): string | undefined =>
    parts.map((part) => form.exec(part)?.[1]).find((found) => found !== undefined);
  return { topicId: find(TOPIC_ID), writers: find(WRITERS)?.split(',') ?? [] };
}

/** The topic id of a text; undefined for one of an older release, or of somebody who set the offset by hand. */
export const topicIdIn = (note: string | null): string | undefined => readNote(note).topicId;
