/** From the schema of others to a reader of their values: what is ours is read, everything else is passed over. */
import {
  readBoolean,
  readDecimal,
  readDouble,
  readFloat,
  readLong,
  readText,
  skip,
  skipLong,
  Undecodable,
  type Cursor,
} from './avro-bytes.ts';
import { ForeignSchema, takesNoBytes, type AvroField, type AvroNode } from './avro-schema.ts';

/** What a field of ours holds. */
export type FieldKind = 'text' | 'time' | 'number' | 'flag';
type Reader = (cursor: Cursor) => unknown;
type Skipper = (cursor: Cursor) => void;

/** The one table of what a writer's type becomes: field of ours → type of theirs → how it is read. See docs/input.md. */
const READERS: Readonly<Record<FieldKind, Readonly<Record<string, Reader>>>> = {
  text: { string: readText, bytes: readText },
  time: {
    'long timestamp-millis': readLong,
    'long timestamp-micros': (cursor) => Math.floor(readLong(cursor) / 1000),
    string: readText,
  },
  number: { int: readLong, long: readLong, float: readFloat, double: readDouble },
  flag: { boolean: readBoolean, int: readLong, long: readLong, float: readFloat, double: readDouble, string: readText }, // prettier-ignore
};
/** Numbers that are points or lengths of time, and no amounts. */
const TEMPORAL = /^(date|duration|time-|timestamp-|local-timestamp-)/;

/**
 * Makes the reader of a field of ours.
 *
 * @throws ForeignSchema if their type cannot become it.
 */
export function createReader(node: AvroNode, field: string, kind: FieldKind): Reader {
  if (node.kind === 'union') {
    const branches = node.branches.map((branch) => createReader(branch, field, kind));
    if (isOptionalType(node)) return optional(branches[1]!);
    return (cursor) => branchOf(branches, cursor)(cursor);
  }
  if (node.kind === 'null') return () => null;
  if (node.kind === 'enum' && (kind === 'text' || kind === 'flag')) {
    const { symbols } = node;
    return (cursor) => symbolOf(symbols, cursor);
  }
  const logical = 'logical' in node ? node.logical : undefined;
  if (kind === 'number' && logical === 'decimal') {
    const { scale } = node as Extract<AvroNode, { scale: number }>;
    if (node.kind === 'fixed') return (cursor) => readDecimal(cursor, node.size, scale);
    if (node.kind === 'bytes') return (cursor) => readDecimal(cursor, readLong(cursor), scale);
  }
  const isTime = logical !== undefined && TEMPORAL.test(logical);
  const reader = READERS[kind][isTime ? `${node.kind} ${logical}` : node.kind];
  if (reader !== undefined) return reader;
  const shown = logical === undefined ? node.kind : `${node.kind} (${logical})`;
  const wanted = kind === 'time' ? '; wanted is a long with logicalType timestamp-millis or -micros' : '';
  throw new ForeignSchema(`its field ${field} is ${shown}, which cannot be read as a ${kind}${wanted}`);
}

/** Whether a type is a union of null and another one, as nearly all of our fields are. */
const isOptionalType = (node: AvroNode): node is Extract<AvroNode, { kind: 'union' }> =>
  node.kind === 'union' && node.branches.length === 2 && node.branches[0]!.kind === 'null';

function optional(reader: Reader): Reader {
  return (cursor) => {
    const index = readLong(cursor);
    if (index === 1) return reader(cursor);
    if (index === 0) return null;
    throw new Undecodable('a union has no such branch');
  };
}

/** Makes what passes over a value of any type. Each step takes at least one byte, so the bytes bound the time. */
export function createSkipper(node: AvroNode): Skipper {
  switch (node.kind) {
    case 'null':
      return () => undefined;
    case 'boolean':
      return (cursor) => skip(cursor, 1);
    case 'int':
    case 'long':
    case 'enum':
      return skipLong;
    case 'float':
      return (cursor) => skip(cursor, 4);
    case 'double':
      return (cursor) => skip(cursor, 8);
    case 'bytes':
    case 'string':
      return skipBytes;
    case 'fixed':
      return (cursor) => skip(cursor, node.size);
    case 'union': {
      const branches = node.branches.map(createSkipper);
      return (cursor) => branchOf(branches, cursor)(cursor);
    }
    case 'record': {
      const fields = node.fields
        .filter(({ type }) => !takesNoBytes(type))
        .map(({ type }) => createSkipper(type));
      return (cursor) => fields.forEach((field) => field(cursor));
    }
    case 'array':
      return skipBlocks(createSkipper(node.items));
    case 'map': {
      const item = createSkipper(node.items);
      return skipBlocks((cursor) => {
        skipBytes(cursor);
        item(cursor);
      });
    }
  }
}

const skipBytes: Skipper = (cursor) => {
  skip(cursor, readLong(cursor));
};

/** The blocks of an array or map: a count, then as many items, until a count of 0. Below 0 a size follows, which is not trusted. */
function skipBlocks(item: Skipper): Skipper {
  return (cursor) => {
    for (let count = readLong(cursor); count !== 0; count = readLong(cursor)) {
      if (count < 0) skipLong(cursor);
      for (let i = Math.abs(count); i > 0; i--) item(cursor);
    }
  };
}

function branchOf<T>(branches: readonly T[], cursor: Cursor): T {
  const index = readLong(cursor);
  const branch = branches[index];
  if (branch === undefined) throw new Undecodable('a union has no such branch');
  return branch;
}

function symbolOf(symbols: readonly string[], cursor: Cursor): string {
  const index = readLong(cursor);
  const symbol = symbols[index];
  if (symbol === undefined) throw new Undecodable('an enum has no such symbol');
  return symbol;
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

/** Throws ForeignSchema. */
export function stepOf({ type }: AvroField, field: string, kind: FieldKind): Step {
  const isOptional = isOptionalType(type);
  const present = createReader(isOptional ? type.branches[1]! : type, field, kind);
  return { field, read: createReader(type, field, kind), isOptional, present };
}

export function skipOf({ type }: AvroField): Step {
  const read = createSkipper(type);
  return { field: undefined, read, isOptional: false, present: read };
}

/** How values of one writer schema are read. */
export interface Steps {
  /** In the writer's order. */
  readonly steps: readonly Step[];
  /** Fields that nobody reads. */
  readonly unknown: readonly string[];
}
