/** Records as they lie in an uncompressed record batch (https://kafka.apache.org/documentation/#record), ready to be sent. */

/** Record after record, each with its length before it; offset deltas count from 0, timestamp deltas are 0. */
export interface EncodedRecords {
  readonly bytes: Buffer;
  readonly count: number;
}

export const isEncoded = (records: EncodedRecords | readonly unknown[]): records is EncodedRecords =>
  !Array.isArray(records);
