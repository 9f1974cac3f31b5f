import type { ErrorCode } from '../schemas/errors.ts';

/** Why a record batch, or a part of it, cannot be handed out. */
export type BatchErrorCode = Extract<
  ErrorCode,
  'BATCH_TOO_LARGE' | 'BATCH_CORRUPT' | 'BATCH_UNSUPPORTED' | 'RECORD_TOO_LARGE'
>;

/** What a look at bytes throws; the walk over a record set makes a value of it, which says where. */
export class BatchError extends Error {
  readonly code: BatchErrorCode;
  constructor(code: BatchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BatchError';
    this.code = code;
  }
}

/** The bytes do not follow their format. */
export const corrupt = (message: string): BatchError => new BatchError('BATCH_CORRUPT', message);
