/** What the loop does with a fault: see docs/adr/0008-errors-are-instructions.md. */
export type ErrorAction =
  /** The record can never be read: dead letter, go on. */
  | 'poison'
  /** The world is in the way: commit nothing, retry with back-off. */
  | 'transient'
  /** Go on with the old model and say so. */
  | 'degraded'
  /** Stop with a non-zero exit, commit nothing. */
  | 'fatal';

/** One table: every code of the product and the instruction it carries. */
export const ERROR_ACTIONS = {
  RECORD_EMPTY: 'poison',
  RECORD_TOO_LARGE: 'poison',
  RECORD_UNDECODABLE: 'poison',
  RECORD_INVALID: 'poison',
  SCHEMA_UNKNOWN: 'poison',
  SCHEMA_FOREIGN: 'poison',
  REGISTRY_UNAVAILABLE: 'transient',
  BROKER_UNAVAILABLE: 'transient',
  TRANSACTION_FAILED: 'transient',
  /** Another writer of the same transactional id has taken over. If the partition is still ours, a new writer goes on. */
  WRITER_FENCED: 'transient',
  /** Retried with back-off until the operator grants the right. */
  KAFKA_UNAUTHORIZED: 'transient',
  /** The client calls it final. Retried all the same: a new writer or consumer may succeed, and nothing is committed until then. */
  KAFKA_REFUSED: 'transient',
  /** A record that our own code fails on: it leaves alone, its neighbours are processed. */
  PROCESSING_FAILED: 'poison',
  /** The broker refuses an output as too large: sent in smaller parts, and if one record is too large by itself, it is rejected. */
  OUTPUT_TOO_LARGE: 'transient',
  MODEL_UNAVAILABLE: 'degraded',
  MODEL_CORRUPT: 'degraded',
  CONFIG_INVALID: 'fatal',
  SCHEMA_REFUSED: 'fatal',
  PARTITION_MISSING: 'transient',
  OFFSET_OUT_OF_RANGE: 'fatal',
} as const satisfies Record<string, ErrorAction>;

export type ErrorCode = keyof typeof ERROR_ACTIONS;

/** An error with a code of the table above. Expected per-record outcomes are values ({@link Poison}), not exceptions. */
export class BankChurnError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BankChurnError';
    this.code = code;
  }
  get action(): ErrorAction {
    return ERROR_ACTIONS[this.code];
  }
}

/** Whether the world is in the way: the same work may succeed later. */
export const isTransient = (error: unknown): error is BankChurnError =>
  error instanceof BankChurnError && error.action === 'transient';

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why one record cannot be scored; becomes the headers of its dead letter. */
export interface Poison {
  readonly code: ErrorCode;
  readonly message: string;
}
