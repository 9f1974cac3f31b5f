/** Dead letters: a record that cannot be scored, with its reason and its origin. */
import { createHash } from 'node:crypto';
import type { ErrorCode, Poison } from '../schemas/errors.ts';
import { originHeaders } from './output-origin.ts';
import type { Batch, OutputRecord, RecordHeaders, SourceRecord } from '../schemas/ports.ts';
import { recordBytes } from './split-emission.ts';

/** Longest `error-message` header, characters. */
const MAX_MESSAGE = 500;

/** What only some letters say. A record may bring such a header, as a letter that was produced again does: it says nothing of this letter. */
const SAID_OF_SOME = new Set(['source-topic-id', 'source-first-offset', 'dead-letter-cut', 'original-size', 'original-sha256', 'original-headers-bytes', 'original-key-size']); // prettier-ignore

/**
 * The dead letter of a record: its bytes and headers as they came, and why and whence in headers of our own names. One that is larger
 * than `maxBytes` is cut to what fits: `dead-letter-cut` flags it, and `original-size` (bytes) and `original-sha256` are
 * those of the whole value. A cut letter cannot be produced again.
 */
export function deadLetter(
  { topic, topicId, partition }: Pick<Batch, 'topic' | 'topicId' | 'partition'>,
  group: string,
  record: SourceRecord,
  poison: Poison,
  maxBytes: number,
): OutputRecord {
  const origin: Record<string, string> = {
    'error-code': poison.code satisfies ErrorCode,
    'error-message': poison.message.slice(0, MAX_MESSAGE),
    'source-topic': topic,
    'source-partition': String(partition),
    'source-offset': String(record.offset),
    ...originHeaders(group, { topicId }),
  };
  const { refused } = record;
  // A letter that stands for a whole batch: its value is the batch as it lies in the log.
  if (refused !== undefined) origin['source-first-offset'] = String(refused.firstOffset);
  const theirs = foreignHeaders(record.headers);
  const headers: RecordHeaders = Object.assign(bare(), theirs, origin);
  const whole = { key: record.key, value: record.value, headers };
  return recordBytes(whole) <= maxBytes ? whole : cutLetter({ ...record, headers: theirs }, origin, maxBytes);
}

const bare = (): object => Object.create(null) as object;

function foreignHeaders(headers: RecordHeaders): RecordHeaders {
  const kept = bare() as Record<string, RecordHeaders[string]>;
  for (const name of Object.keys(headers)) if (!SAID_OF_SOME.has(name)) kept[name] = headers[name]!;
  return kept;
}

/** Room for original headers and key in a cut letter, each: a share of the letter. */
const SHARE = 4;

function cutLetter(record: SourceRecord, origin: Record<string, string>, maxBytes: number): OutputRecord {
  const { key, value, headers } = record;
  const facts: Record<string, string> = { ...origin, 'dead-letter-cut': 'true', 'original-size': String(value?.length ?? 0) }; // prettier-ignore
  if (value !== null) facts['original-sha256'] = createHash('sha256').update(value).digest('hex');
  const headerBytes = recordBytes({ key: null, value: null, headers });
  const keepsHeaders = headerBytes * SHARE <= maxBytes;
  if (!keepsHeaders) facts['original-headers-bytes'] = String(headerBytes);
  const keepsKey = (key?.length ?? 0) * SHARE <= maxBytes;
  if (!keepsKey) facts['original-key-size'] = String(key?.length ?? 0);
  const letter = {
    key: keepsKey ? key : null,
    headers: Object.assign(bare(), keepsHeaders ? headers : {}, facts) as RecordHeaders,
  };
  const room = maxBytes - recordBytes({ ...letter, value: null });
  return { ...letter, value: value === null ? null : value.subarray(0, Math.max(0, room)) };
}
