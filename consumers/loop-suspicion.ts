/**
 * Records that cannot be processed. An error without a code comes of a bug: most likely, something in the batch provokes it. The
 * batch is tried again a few times (the cause may pass), then halved until one record fails alone. That one is condemned: the
 * role rejects it, and its neighbours are processed.
 */
import { BankChurnError } from '../schemas/errors.ts';
import type { Batch } from '../schemas/ports.ts';
import { lastOffset, type Records } from '../schemas/records.ts';
import type { Suspicion } from './loop-state.ts';

/** Tries of a whole batch before it is halved. Once a record was condemned, the next batch that fails is halved at once. */
const PATIENCE = 3;
/** After so many rejections without a processed batch, the cause is not one record: patience is back, and with it the waits. */
const MOST_IN_ROW = 8;
/** A send that the broker finds too large is halved down to so many bytes; below, a record is too large by itself. */
const SMALLEST_SEND_BYTES = 16_384;
/** Condemned records that are remembered; the oldest are forgotten, and would be found again. */
const MOST_CONDEMNED = 1000;

export const UNSUSPICIOUS: Suspicion = {
  until: -1,
  tries: 0,
  limit: Infinity,
  sendBytes: Infinity,
  condemned: new Map(),
  rejectedInRow: 0,
};

/** Whether an error may come of what a record holds: it has no code, or the broker finds an output too large. */
export const isRecordsOwn = (error: unknown): boolean =>
  !(error instanceof BankChurnError) || isTooLarge(error);

const isTooLarge = (error: unknown): boolean =>
  error instanceof BankChurnError && error.code === 'OUTPUT_TOO_LARGE';

/** What a failed batch means: `wait` and try it whole again, or `halve` (or reject) and try at once. */
export function suspect(
  suspicion: Suspicion,
  { records }: Batch,
  error: unknown,
  maxSendBytes: number,
): { readonly suspicion: Suspicion; readonly waits: boolean } {
  const first = records.offsetAt(0);
  const until = lastOffset(records);
  if (isTooLarge(error)) {
    const sendBytes = Math.floor(Math.min(suspicion.sendBytes, maxSendBytes) / 2);
    if (sendBytes >= SMALLEST_SEND_BYTES) return { suspicion: { ...suspicion, sendBytes }, waits: false };
  }
  const tries = until <= suspicion.until ? suspicion.tries + 1 : 1;
  const isKnown = suspicion.condemned.size > 0 && suspicion.rejectedInRow < MOST_IN_ROW;
  const patience = isTooLarge(error) || isKnown ? 1 : PATIENCE;
  if (tries < patience) return { suspicion: { ...suspicion, until, tries }, waits: true };
  if (records.length > 1)
    return { suspicion: { ...suspicion, until, tries, limit: Math.ceil(records.length / 2) }, waits: false };
  const before = suspicion.condemned.get(first);
  const condemned = new Map(suspicion.condemned).set(first, { error, isCut: before !== undefined });
  if (condemned.size > MOST_CONDEMNED) condemned.delete(condemned.keys().next().value!);
  // Even what is left of its rejection could not be written: that is for the operator, and waits.
  return { suspicion: { ...suspicion, until, tries, condemned }, waits: before?.isCut === true };
}

/** The records of the next batch: at most `most`, and a condemned one alone. */
export function cut(records: Records, most: number, { limit, condemned }: Suspicion): Records {
  const end = Math.min(most, limit, records.length);
  if (condemned.size === 0) return records.slice(0, end);
  let at = 0;
  while (at < end && !condemned.has(records.offsetAt(at))) at += 1;
  return records.slice(0, Math.max(1, at));
}

/** A batch is committed: past the one that failed, nothing is suspected any more. */
export function relieve(suspicion: Suspicion, { records }: Batch): Suspicion {
  const { condemned, until, rejectedInRow } = suspicion;
  if (until === -1 && rejectedInRow === 0) return suspicion;
  const isRejected = condemned.has(records.offsetAt(0));
  const isPast = lastOffset(records) >= until;
  const rejected = isRejected ? rejectedInRow + 1 : 0;
  return isPast
    ? { ...UNSUSPICIOUS, sendBytes: suspicion.sendBytes, condemned, rejectedInRow: rejected }
    : { ...suspicion, rejectedInRow: rejected };
}
