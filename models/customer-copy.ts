/**
 * The copy of the customer schema in a manifest: what shapes a score (names, paths, types, limits, spellings of the inputs that
 * the model uses) travels with the model, so that a score can be computed again when the schema has moved on (ADR 16).
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { MAX_TEXT } from '../schemas/checks.ts';
import type { CustomerInput, CustomerSchema, FieldNames } from '../schemas/customer/schema.ts';

const texts = z.array(z.string()).optional();
const names = { aliases: texts, headers: texts, path: z.array(z.string()).min(1).optional() };

/** What is empty in the schema is left out. A key that this program does not know may shape scores: it is refused. */
const copiedInput = z.strictObject({
  name: z.string().min(1),
  type: z.enum(['number', 'integer', 'boolean', 'category']),
  ...names,
  min: z.number().optional(),
  max: z.number().optional(),
  /** Of categories alone. */
  maxLength: z.number().int().positive().optional(),
  spellings: z.record(z.string(), z.array(z.string())).optional(),
  missing: texts,
  levels: z.array(z.string()).min(1).optional(),
  other: z.string().optional(),
  commas: z.enum(['thousands', 'decimal']).optional(),
});

export const customerCopySchema = z.strictObject({
  /** Of the canonical JSON of the other keys. */
  sha256: z.string(),
  /** The schema's name. */
  name: z.string(),
  eventId: z.strictObject(names),
  customerId: z.strictObject(names),
  occurredAt: z.strictObject(names),
  /** The model's features, in their order. */
  inputs: z.array(copiedInput).min(1),
  /** Names of all inputs of the schema, in its order; left out: there were no others. */
  order: texts,
});

export type CustomerCopy = z.infer<typeof customerCopySchema>;
type CopiedInput = CustomerCopy['inputs'][number];
type CopiedNames = CustomerCopy['eventId'];

/** JSON with the keys of each object in ascending order: one text for one content. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** What the `sha256` of a copy must be. */
export function copySha256(copy: Omit<CustomerCopy, 'sha256'>): string {
  return createHash('sha256')
    .update(canonicalJson({ ...copy, sha256: undefined }))
    .digest('hex');
}

/**
 * Copies what shapes the scores of a model.
 *
 * @param features names of the model's features, each an input of the schema.
 */
export function copyOfSchema(schema: CustomerSchema, features: readonly string[]): CustomerCopy {
  const inputs = features.map((name) => copyOfInput(schema.inputs.find((input) => input.name === name)!));
  const order = schema.inputs.map(({ name }) => name);
  const copy = {
    name: schema.name,
    eventId: copyOfNames(schema.eventId),
    customerId: copyOfNames(schema.customerId),
    occurredAt: copyOfNames(schema.occurredAt),
    inputs,
    ...(order.join() === features.join() ? {} : { order }),
  };
  return { sha256: copySha256(copy), ...copy };
}

/** A list, unless it is empty. */
const some = <K extends string>(key: K, list: readonly string[] | undefined): Partial<Record<K, string[]>> =>
  list === undefined || list.length === 0 ? {} : ({ [key]: [...list] } as Record<K, string[]>);

function copyOfNames({ aliases, headers, path }: FieldNames): CopiedNames {
  return { ...some('aliases', aliases), ...some('headers', headers), ...some('path', path) };
}

function copyOfInput(input: CustomerInput): CopiedInput {
  const { name, type, min, max, maxLength, spellings, missing, levels, other, commas } = input;
  const spelt = Object.entries(spellings).map(([value, words]) => [value, [...words]] as [string, string[]]);
  return {
    ...{ name, type, ...copyOfNames(input) },
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(type === 'category' ? { maxLength } : {}),
    ...(spelt.length === 0 ? {} : { spellings: Object.fromEntries(spelt) }),
    ...some('missing', missing),
    ...(levels === undefined ? {} : { levels: [...levels] }),
    ...(other === undefined ? {} : { other }),
    ...(commas === undefined ? {} : { commas }),
  };
}

/** The inputs of a copy, as a schema has them. */
export function inputsOfCopy({ inputs }: CustomerCopy): CustomerInput[] {
  return inputs.map((input) => ({
    ...namesOfCopy(input.name, input),
    type: input.type,
    doc: undefined,
    min: input.min,
    max: input.max,
    maxLength: input.maxLength ?? MAX_TEXT,
    spellings: input.spellings ?? {},
    missing: input.missing ?? [],
    levels: input.levels,
    other: input.other,
    commas: input.commas,
    isRetired: false,
  }));
}

/** The names of a field of a copy. */
export function namesOfCopy(name: string, { aliases = [], headers = [], path }: CopiedNames): FieldNames {
  return { name, aliases, headers, path };
}
