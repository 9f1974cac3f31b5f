/**
 * What the Avro schema of others may hold: an allow-list with limits. A schema that passes can be compiled and walked in
 * bounded time, whoever wrote it.
 */

/** Why a schema is refused. */
export class ForeignSchema extends Error {}

/** Characters of a schema's text: 500 inputs, each with a sentence of 500, have fewer. */
export const MAX_SCHEMA_TEXT = 400_000;
/** Levels of nesting. */
const MAX_DEPTH = 16;
/** Types in a schema, each named type counted as often as it is used. */
const MAX_TYPES = 2000;

export const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
export type Primitive = (typeof PRIMITIVES)[number];

/** A logical type; `scale` is of a decimal. */
interface Logical {
  readonly logical: string | undefined;
  readonly scale: number;
}
const PLAIN: Logical = { logical: undefined, scale: 0 };

/** A type of a writer's schema, with its names resolved. */
export type AvroNode =
  | ({ readonly kind: Primitive } & Logical)
  | ({ readonly kind: 'fixed'; readonly size: number } & Logical)
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'array' | 'map'; readonly items: AvroNode }
  | { readonly kind: 'union'; readonly branches: readonly AvroNode[] }
  | { readonly kind: 'record'; readonly name: string; readonly fields: readonly AvroField[] };

export interface AvroField {
  readonly name: string;
  readonly type: AvroNode;
}

/** A record's schema of ours, parsed from JSON. */
export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace: string;
  readonly doc?: string;
  readonly fields: readonly AvroRecordField[];
}
interface AvroRecordField {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
  readonly doc?: string;
}

interface Parsing {
  /** Named types by their full names; undefined while one is being read. */
  readonly named: Map<string, AvroNode | undefined>;
  types: number;
}

type Source = Readonly<Record<string, unknown>>;

/**
 * Parses the text of a schema.
 *
 * @throws ForeignSchema if it is no Avro schema, or beyond the limits.
 */
export function parseSchemaText(text: string): unknown {
  if (text.length > MAX_SCHEMA_TEXT)
    throw new ForeignSchema(
      `it has ${String(text.length)} characters, allowed are ${String(MAX_SCHEMA_TEXT)}`,
    );
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ForeignSchema('it is not Avro');
  }
}

/**
 * Reads a schema, parsed from JSON.
 *
 * @throws ForeignSchema
 */
export function readSchema(source: unknown): AvroNode {
  return readNode(source, '', { named: new Map(), types: 0 }, 0);
}

function readNode(source: unknown, space: string, parsing: Parsing, depth: number): AvroNode {
  if (depth > MAX_DEPTH) throw new ForeignSchema(`it is nested more than ${String(MAX_DEPTH)} levels deep`);
  countTypes(parsing, 1);
  if (typeof source === 'string') return readName(source, space, parsing);
  if (Array.isArray(source))
    return { kind: 'union', branches: source.map((branch) => readNode(branch, space, parsing, depth + 1)) };
  if (typeof source !== 'object' || source === null) throw new ForeignSchema('it is not Avro');
  const node = source as Source;
  const { type } = node;
  if (type === 'array' || type === 'map') {
    const items = readNode(type === 'array' ? node['items'] : node['values'], space, parsing, depth + 1);
    if (type === 'array' && takesNoBytes(items)) throw new ForeignSchema('it has an array of nothing');
    return { kind: type, items };
  }
  if (type === 'record' || type === 'enum' || type === 'fixed')
    return readNamed(node, type, space, parsing, depth);
  const inner = readNode(type, space, parsing, depth + 1);
  return isPrimitive(inner) ? { ...inner, ...logicalOf(node) } : inner;
}

const isPrimitive = (node: AvroNode): node is Extract<AvroNode, { kind: Primitive }> =>
  (PRIMITIVES as readonly string[]).includes(node.kind);

function countTypes(parsing: Parsing, types: number): void {
  parsing.types += types;
  if (parsing.types > MAX_TYPES) throw new ForeignSchema(`it has more than ${String(MAX_TYPES)} types`);
}

function readName(name: string, space: string, parsing: Parsing): AvroNode {
  if ((PRIMITIVES as readonly string[]).includes(name)) return { kind: name as Primitive, ...PLAIN };
  const full = fullName(name, space);
  const key = parsing.named.has(full) ? full : name;
  if (!parsing.named.has(key)) throw new ForeignSchema(`it names an unknown type, ${JSON.stringify(name)}`);
  const node = parsing.named.get(key);
  if (node === undefined) throw new ForeignSchema('it holds itself (recursion)');
  countTypes(parsing, weightOf(node));
  return node;
}

function readNamed(
  node: Source,
  kind: 'record' | 'enum' | 'fixed',
  outerSpace: string,
  parsing: Parsing,
  depth: number,
): AvroNode {
  const { name, namespace, symbols, size, fields } = node;
  if (typeof name !== 'string') throw new ForeignSchema(`it has a ${kind} without a name`);
  const full = fullName(name, typeof namespace === 'string' ? namespace : outerSpace);
  if (parsing.named.has(full)) throw new ForeignSchema(`it defines ${JSON.stringify(full)} twice`);
  parsing.named.set(full, undefined);
  const space = full.slice(0, Math.max(0, full.lastIndexOf('.')));
  let read: AvroNode;
  if (kind === 'record')
    read = {
      kind,
      name: full.slice(full.lastIndexOf('.') + 1),
      fields: readFields(fields, space, parsing, depth),
    };
  else if (kind === 'enum') {
    if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string'))
      throw new ForeignSchema('it has an enum without symbols');
    read = { kind, symbols };
  } else {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
      throw new ForeignSchema('it has a fixed type without a size');
    read = { kind, size, ...logicalOf(node) };
  }
  parsing.named.set(full, read);
  return read;
}

function readFields(source: unknown, space: string, parsing: Parsing, depth: number): AvroField[] {
  if (!Array.isArray(source)) throw new ForeignSchema('it has a record without fields');
  const names = new Set<string>();
  return (source as unknown[]).map((field) => {
    const { name, type } = (field ?? {}) as Source;
    if (typeof name !== 'string' || names.has(name))
      throw new ForeignSchema('it has a record with a field without a name, or with one twice');
    names.add(name);
    return { name, type: readNode(type, space, parsing, depth + 1) };
  });
}

const fullName = (name: string, space: string): string =>
  name.includes('.') || space === '' ? name : `${space}.${name}`;

/** Digits of a decimal; a logical type that is not valid is none. */
const MAX_PRECISION = 76;

function logicalOf({ logicalType, precision, scale = 0 }: Source): Logical {
  if (typeof logicalType !== 'string') return PLAIN;
  if (logicalType !== 'decimal') return { logical: logicalType, scale: 0 };
  const isValid =
    Number.isInteger(precision) &&
    Number.isInteger(scale) &&
    (scale as number) >= 0 &&
    (precision as number) >= Math.max(1, scale as number) &&
    (precision as number) <= MAX_PRECISION;
  return isValid ? { logical: 'decimal', scale: scale as number } : PLAIN;
}

/** How many types a type has, itself included. */
function weightOf(node: AvroNode): number {
  return 1 + parts(node).reduce((sum, part) => sum + weightOf(part), 0);
}

function parts(node: AvroNode): readonly AvroNode[] {
  switch (node.kind) {
    case 'array':
    case 'map':
      return [node.items];
    case 'union':
      return node.branches;
    case 'record':
      return node.fields.map(({ type }) => type);
    default:
      return [];
  }
}

/** Whether a value of this type may be no byte at all: a billion of them fit into an array of a few bytes. */
export function takesNoBytes(node: AvroNode): boolean {
  if (node.kind === 'null') return true;
  if (node.kind === 'fixed') return node.size === 0;
  return node.kind === 'record' && node.fields.every(({ type }) => takesNoBytes(type));
}
