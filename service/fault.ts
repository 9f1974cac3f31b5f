/** What is in the way of the service, in an operator's words: of errors, of topics, of partitions. */
import { BankChurnError, messageOf, type ErrorCode } from '../schemas/errors.ts';

/** Codes that only `/health` has: states of the process, not errors. */
export const STATE_CODES = [
  'STALLED',
  'STOPPING',
  'WORKERS_DOWN',
  'CONNECTING',
  'STARTING',
  'NOT_JOINED',
  'PARTITIONS_NOT_READY',
  'DEAD_LETTERS',
  'OPERATOR_NEEDED',
  'UNEXPECTED_ERROR',
] as const;

/** Plain data: it goes from a worker to its supervisor. */
export interface Fault {
  readonly code: ErrorCode | (typeof STATE_CODES)[number];
  /** One sentence: what is missing, and what to do about it if that is known. */
  readonly detail: string;
}

/** An error as a fault. One without a code comes of a bug. */
export const faultOf = (error: unknown): Fault => ({
  code: error instanceof BankChurnError ? error.code : 'UNEXPECTED_ERROR',
  detail: messageOf(error),
});

/** Each fault once. */
export function distinct(faults: readonly Fault[]): Fault[] {
  const byText = new Map(faults.map((fault) => [`${fault.code} ${fault.detail}`, fault]));
  return [...byText.values()];
}
