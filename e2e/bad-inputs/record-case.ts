/** What an odd record is made of, and what the running scorer makes of it. */
import type { RequestListener } from 'node:http';
import type { RecordFields } from '../../kafka/kafkajs/patches/record-encoding.ts';
import type { ErrorCode } from '../../schemas/errors.ts';
import type { CustomerEvent } from '../../schemas/customer/schema.ts';

/** What making a record may need of the world. */
export interface Lab {
  /** The id of a writer's schema that the registry takes under a subject of its own. */
  register(schema: unknown, schemaType?: 'AVRO' | 'PROTOBUF' | 'JSON'): Promise<number>;
  /** A schema id for which the registry answers like this, until it is mended and has our schema. */
  answering(listener: RequestListener): number;
  /** The event in Avro, by our own schema, under this id (default: a registered one). */
  avro(event: CustomerEvent, id?: number): Buffer;
}

/** A whole record batch, written as it is. */
export interface RawBatch {
  readonly bytes: Buffer;
  /** Offsets that it takes. */
  readonly records: number;
  /** Of each of its records, if these get letters of their own. */
  readonly value?: string | Buffer;
}

/** What comes back. */
export type Back =
  | {
      readonly is: 'scored';
      readonly note: string;
      /** False: its probability is that of its good neighbours. */
      readonly hasOtherValues: boolean;
      /** The event's time. */
      readonly occurredAt: number;
    }
  | {
      readonly is: 'dead letter';
      readonly code: ErrorCode;
      /** undefined: its words are not ours. */
      readonly message: string | undefined;
      /** Its beginning with the size and checksum of the whole; otherwise all of its bytes. */
      readonly isCut: boolean;
      /** One for the whole batch. */
      readonly isBatch: boolean;
    }
  | { readonly is: 'ignored' }
  /** The broker does not write it; the error code of Kafka's protocol. */
  | { readonly is: 'refused by the broker'; readonly errorCode: number; readonly name: string }
  /** Nothing of its partition is committed until the registry is back; then it is scored. */
  | { readonly is: 'waits' };

/** One record, made of a good event. */
export type MakeRecord = (event: CustomerEvent, lab: Lab) => RecordFields | Promise<RecordFields>;
export type MakeBatch = (event: CustomerEvent) => RawBatch | Promise<RawBatch>;

export interface RecordCase {
  /** At most ten cases of a kind. */
  readonly kind: string;
  readonly input: string;
  /** It lies in one batch with good neighbours. */
  readonly record?: MakeRecord;
  /** Its neighbours lie in batches of their own. */
  readonly batch?: MakeBatch;
  readonly back: Back;
  /** Sent to a service with `tombstones: dead-letter`, whose dead letters may have 20,000 bytes. */
  readonly isStrict?: true;
}

/** A case within its kind. */
export type RecordInput = Omit<RecordCase, 'kind'>;
export const recordsOfKind = (kind: string, inputs: readonly RecordInput[]): RecordCase[] =>
  inputs.map((input) => ({ kind, ...input }));

/** Of each good event. */
export const OCCURRED_AT = 1_764_000_000_000;
const scoreOf = (note: string, hasOtherValues: boolean, occurredAt: number): Back => ({
  is: 'scored',
  note,
  hasOtherValues,
  occurredAt,
});
export const scored = (note = '', occurredAt = OCCURRED_AT): Back => scoreOf(note, false, occurredAt);
export const scoredOtherwise = (note: string): Back => scoreOf(note, true, OCCURRED_AT);
const letterOf = (code: ErrorCode, message: string | undefined, isCut: boolean, isBatch: boolean): Back => ({
  is: 'dead letter',
  code,
  message,
  isCut,
  isBatch,
});
export const letter = (code: ErrorCode, message?: string): Back => letterOf(code, message, false, false);
export const cutLetter = (code: ErrorCode, message?: string): Back => letterOf(code, message, true, false);
export const batchLetter = (code: ErrorCode, message?: string): Back => letterOf(code, message, false, true);
export const invalid = (message: string): Back => letter('RECORD_INVALID', message);
export const IGNORED: Back = { is: 'ignored' };
export const WAITS: Back = { is: 'waits' };
export const refusedByBroker = (errorCode: number, name: string): Back => ({
  is: 'refused by the broker',
  errorCode,
  name,
});

/** The last cell of a row in the table. */
export function tell(back: Back): string {
  switch (back.is) {
    case 'scored':
      return back.note === '' ? 'scored' : `scored: ${back.note}`;
    case 'dead letter': {
      const what = back.isCut ? ', cut' : back.isBatch ? ', the batch as it lies in the log' : '';
      return `dead letter${what}: \`${back.code}\`${back.message === undefined ? '' : `, ${back.message}`}`;
    }
    case 'refused by the broker':
      return `the broker refuses it: ${back.name}`;
    case 'waits':
      return 'waits with its partition, the others go on; scored when the registry is back';
    case 'ignored':
      return 'ignored';
  }
}

/** A record with a value, under the customer's key. */
export const valued = ({ customerId }: CustomerEvent, value: Buffer | string | null): RecordFields => ({
  key: customerId,
  value,
});
/** The event in JSON, with fields changed. */
export const json =
  (changes: Readonly<Record<string, unknown>>) =>
  (event: CustomerEvent): RecordFields =>
    valued(event, JSON.stringify({ ...event, ...changes }));
/** The event in JSON, with its text changed. */
export const text =
  (change: (whole: string) => string | Buffer) =>
  (event: CustomerEvent): RecordFields =>
    valued(event, change(JSON.stringify(event)));
/** The event in JSON, with the text of one field's value replaced: also by what JSON.stringify does not write. */
export const field = (name: string, value: string) =>
  text((whole) => whole.replace(new RegExp(`("${name}":)("[^"]*"|[^,}]+)`), `$1${value}`));
/** A good event with headers. */
export const withHeaders =
  (headers: Readonly<Record<string, unknown>>) =>
  (event: CustomerEvent): RecordFields => ({
    ...valued(event, JSON.stringify(event)),
    headers: headers as NonNullable<RecordFields['headers']>,
  });
