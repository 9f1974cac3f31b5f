/** Whether events that were written by an earlier schema of ours can be read by the present one, and if not, which field is in the way. */
import type { AvroRecord } from '../avro-schema.ts';
import { readSchema, type AvroNode } from '../avro-schema.ts';

/** What can be read as a type besides itself: Avro's promotions, of the types that our events have. */
const PROMOTED: Readonly<Record<string, readonly string[]>> = {
  long: ['int'],
  double: ['int', 'long', 'float'],
  string: ['bytes'],
};

function canRead(ours: AvroNode, theirs: AvroNode): boolean {
  if (theirs.kind === 'union') return theirs.branches.every((branch) => canRead(ours, branch));
  if (ours.kind === 'union') return ours.branches.some((branch) => canRead(branch, theirs));
  return ours.kind === theirs.kind || PROMOTED[ours.kind]?.includes(theirs.kind) === true;
}

/** What a field holds, for a message; that it may be missing is not said. */
function kindOf(node: AvroNode): string {
  if (node.kind !== 'union') return node.kind;
  const kinds = node.branches.filter(({ kind }) => kind !== 'null').map(kindOf);
  return kinds.length === 0 ? 'null' : kinds.join(' or ');
}

type Fields = ReadonlyMap<string, AvroNode>;

function fieldsOf(schema: unknown): { readonly name: string; readonly fields: Fields } {
  const node = readSchema(schema);
  if (node.kind !== 'record') return { name: node.kind, fields: new Map() };
  return { name: node.name, fields: new Map(node.fields.map(({ name, type }) => [name, type])) };
}

/** Whether two schemas are the same but for what is said about their fields. Throws ForeignSchema for one beyond the limits. */
export const isSameSchema = (a: unknown, b: unknown): boolean =>
  JSON.stringify(readSchema(a)) === JSON.stringify(readSchema(b));

/**
 * Compares our schema with one that events may have been written by.
 *
 * @returns what is in the way, a phrase for each field; none if all such events can be read.
 * @throws ForeignSchema if the earlier one is no Avro schema, or beyond the limits.
 */
export function incompatibleFields(ours: AvroRecord, earlier: unknown): string[] {
  const now = fieldsOf(ours);
  const before = fieldsOf(earlier);
  if (now.name !== before.name) return [`the record was ${before.name} and is ${now.name}`];
  const isOptional = new Set(ours.fields.flatMap((field) => ('default' in field ? field.name : [])));
  return [...now.fields].flatMap(([name, type]) => {
    const former = before.fields.get(name);
    if (former === undefined)
      return isOptional.has(name) ? [] : [`${name} was not there, and has no default`];
    return canRead(type, former) ? [] : [`${name} was ${kindOf(former)} and is ${kindOf(type)}`];
  });
}
