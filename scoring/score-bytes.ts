/** Scores as the bytes that records hold, written straight from a model's outputs: byte for byte those of the score as an object. */
import type { EventColumns } from '../schemas/customer/columns.ts';
import type { Out } from '../schemas/out-bytes.ts';
import type { Manifest } from '../models/manifest.ts';

/** What a model says of some events. */
export interface Evaluation {
  /** [events × width]: the margin, then the contribution of each feature; log-odds. */
  readonly outputs: Float32Array;
  readonly width: number;
  /** Of the margins. */
  readonly probabilities: Float64Array;
}

/** Events with what a model says of them, row by row. All of it is finite. */
export interface Scored extends Evaluation {
  readonly events: EventColumns;
}

/** The id of a score, `topic/partition/offset`: the first `length` bytes. A topic's name has neither quotes nor backslashes. */
export interface ScoreId {
  readonly bytes: Uint8Array;
  length: number;
}

/** The values of one model's scores. */
export interface ScoreValues {
  /** Bytes of the value of a score of these events at most. */
  roomFor(events: EventColumns): number;
  /** Writes the value of the score of a row, and returns where it ends. */
  write(out: Out, at: number, scored: Scored, row: number, id: ScoreId): number;
}

/** An encoding of scores, compiled for each model. */
export type ScoreFormat = (manifest: Manifest) => ScoreValues;

/** Bytes of `topic/partition/offset`, of a number with its length, and of a UTF-16 unit (`\u001f`), at most. */
const [MAX_SCORE_ID, MAX_NUMBER, MAX_UNIT] = [300, 32, 6];
/** Numbers of a score beside its reasons. */
const NUMBERS = 6;

/**
 * Bytes of a value at most.
 *
 * @param fixed bytes that do not depend on the event; @param reasons of a score.
 */
export function mostBytes(fixed: number, reasons: number, { eventId, customerId }: EventColumns): number {
  const ids = (eventId.longest + customerId.longest) * MAX_UNIT;
  return fixed + MAX_SCORE_ID + ids + (reasons + NUMBERS) * MAX_NUMBER;
}
