/**
 * Avro schema → TypeScript source. The `.avsc` files are the source of truth; `schemas/generated.ts` is this module's
 * output (`npm run generate`).
 */
type Avro = string | readonly Avro[] | AvroNode;
interface AvroNode {
  readonly type: Avro;
  readonly name?: string;
  readonly doc?: string;
  readonly items?: Avro;
  readonly symbols?: readonly string[];
  readonly fields?: readonly { readonly name: string; readonly type: Avro; readonly doc?: string }[];
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  string: 'string',
};

function typeName(schema: Avro, declarations: string[]): string {
  if (typeof schema === 'string') return PRIMITIVES[schema] ?? schema;
  if (Array.isArray(schema)) return schema.map((branch: Avro) => typeName(branch, declarations)).join(' | ');
  const node = schema as AvroNode;
  if (node.type === 'record') return declareRecord(node, declarations);
  if (node.type === 'enum') {
    const symbols = (node.symbols ?? []).map((symbol) => `'${symbol}'`).join(' | ');
    declarations.push(`export type ${node.name ?? ''} = ${symbols};`);
    return node.name ?? '';
  }
  if (node.type === 'array') return `readonly ${typeName(node.items ?? 'null', declarations)}[]`;
  return typeName(node.type, declarations);
}

function declareRecord(node: AvroNode, declarations: string[]): string {
  const fields = (node.fields ?? []).map((field) => {
    const doc = field.doc === undefined ? '' : `  /** ${field.doc} */\n`;
    return `${doc}  readonly ${field.name}: ${typeName(field.type, declarations)};`;
  });
  const doc = node.doc === undefined ? '' : `/** ${node.doc} */\n`;
  declarations.push(`${doc}export interface ${node.name ?? ''} {\n${fields.join('\n')}\n}`);
  return node.name ?? '';
}

/**
 * The whole of `schemas/generated.ts` for the given schemas, by record name in a fixed order.
 *
 * @param earlier schemas that control records were written with, and are no longer.
 */
export function generateTypeScript(
  schemas: Readonly<Record<string, unknown>>,
  earlier: readonly unknown[],
): string {
  const names = Object.keys(schemas).sort();
  const declarations: string[] = [];
  for (const name of names) typeName(schemas[name] as Avro, declarations);
  const constants = names.map((name) => `  ${name}: ${JSON.stringify(schemas[name])},`).join('\n');
  return [
    '// Generated from schemas/*.avsc by `npm run generate`. Do not edit: a test compares.',
    ...declarations,
    `/** The Avro schemas, by record name. */\nexport const SCHEMAS = {\n${constants}\n} as const;`,
    'export type SchemaName = keyof typeof SCHEMAS;',
    `/** Schemas that control records were written with by earlier versions (schemas/written/). */\nexport const EARLIER_SCHEMAS: readonly unknown[] = [${earlier.map((schema) => `\n  ${JSON.stringify(schema)},`).join('')}${earlier.length === 0 ? '' : '\n'}];`,
    '',
  ].join('\n\n');
}
