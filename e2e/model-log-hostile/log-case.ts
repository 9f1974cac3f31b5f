/** A hostile or broken thing in the model log. */
import type { Release } from '../../models/manifest.ts';
import type { ModelRecord } from '../../schemas/generated.ts';

/** What a case may write, and what it is made of. */
export interface Lab {
  /** Good releases, by their names in the table; A serves. B has another threshold and the same ONNX. */
  readonly a: Release;
  readonly b: Release;
  /** Where the bytes of A lie. */
  readonly place: { readonly artifactOffset: number; readonly artifactChunks: number };
  /** Writes values to the model log as they are; the offset of the first. */
  raw(...values: readonly (Buffer | string | null)[]): Promise<number>;
  /** Writes records in the encoding of the service; the offset of the first. */
  log(...records: readonly ModelRecord[]): Promise<number>;
  /** Of the newest record that was written to the log. */
  lastOffset(): number;
  /** Writes chunks to the topic of the bytes. */
  bytes(
    ...chunks: readonly (Buffer | null)[]
  ): Promise<Pick<ModelRecord, 'artifactOffset' | 'artifactChunks'>>;
  /** A record as the service writes it. */
  record(kind: ModelRecord['kind'], release: Release, more?: Partial<ModelRecord>): ModelRecord;
  /** A good release of a version of its own, with whatever else changed. */
  variant(name: string, more?: Partial<Release['manifest']>): Release;
  /** The bytes of a release as they are written. */
  bytesOf(release: Release): Buffer;
  /** Avro under the registered schema of another record of ours. */
  readonly foreign: Buffer;
}

export interface LogCase {
  readonly kind: 'record' | 'release' | 'activation' | 'outcome';
  readonly input: string;
  write(lab: Lab): Promise<unknown>;
  /** Error codes of the records that are skipped. */
  readonly skipped?: readonly string[];
  /** Why the newest activation is refused. */
  readonly refused?: RegExp;
  /** Which release serves after it; A if it is not said. */
  readonly serves?: string;
}
