/** The way through the Avro bodies of one writer schema, field by field. */
import type { Cursor } from './avro-bytes.ts';

/** How values of one writer schema are read. */
export interface Steps {
  /** In the writer's order. */
  readonly steps: readonly Step[];
  /** Fields that nobody reads. */
  readonly unknown: readonly string[];
}

/** What is done with one field of a writer's record. */
export interface Step {
  /** Our field that is read; undefined: passed over. */
  readonly field: string | undefined;
  readonly read: (cursor: Cursor) => unknown;
  /** The type is a union of null and another one. */
  readonly isOptional: boolean;
  /** Reads what is there if it is not null, behind the number of its branch. */
  readonly present: (cursor: Cursor) => unknown;
}
