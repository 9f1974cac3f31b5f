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
  BATCH_TOO_LARGE: 'poison',
  BATCH_CORRUPT: 'poison',
  BATCH_UNSUPPORTED: 'poison',
  SCHEMA_UNKNOWN: 'poison',
  SCHEMA_FOREIGN: 'poison',
  REGISTRY_UNAVAILABLE: 'transient',
  BROKER_UNAVAILABLE: 'transient',
  TRANSACTION_FAILED: 'transient',
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

/** Why one record cannot be scored; becomes the headers of its dead letter. */
export interface Poison {
  readonly code: ErrorCode;
  readonly message: string;
}
