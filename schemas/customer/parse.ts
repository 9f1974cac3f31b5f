/** From the text of a customer schema to the schema, or everything that is wrong with it. */
import { parse } from 'yaml';
import { z } from 'zod';
import { MAX_TEXT } from '../checks.ts';
import { BankChurnError, messageOf } from '../errors.ts';
import type { CustomerSchema } from './schema.ts';

const texts = z.array(z.union([z.string(), z.number(), z.boolean()]).transform(String));
const names = { aliases: texts.default([]), headers: texts.default([]) };
const path = z
  .string()
  .transform((text) => text.split('.'))
  .optional();
const fieldShape = z.strictObject({ ...names, path }).prefault({});
const inputShape = z.strictObject({
  name: z.string(),
  ...names,
  path,
  type: z.enum(['number', 'integer', 'boolean', 'category']),
  doc: z.string().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  maxLength: z.number().int().min(1).max(MAX_TEXT).default(MAX_TEXT),
  spellings: z.record(z.string(), texts).default({}),
  missing: texts.default([]),
  levels: texts.optional(),
  other: z.string().optional(),
  commas: z.enum(['thousands', 'decimal']).optional(),
  retired: z.boolean().default(false),
});
const sliceShape = z.union([
  z.string().transform((input) => ({ input, bounds: [] })),
  z.strictObject({ input: z.string(), bounds: z.array(z.number()).default([]) }),
]);
const rule = z.number().optional();
const fileShape = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  eventId: fieldShape,
  customerId: fieldShape,
  occurredAt: fieldShape,
  rowNumber: texts.default([]),
  inputs: z.array(inputShape).min(1),
  label: z.strictObject({ name: z.string(), ...names, churned: texts, stayed: texts }).optional(),
  slices: z.array(sliceShape).default([]),
  gate: z.strictObject({ minWeightedF1: rule, minAucGain: rule, minLogLossGain: rule }).prefault({}),
  ignored: texts.default([]),
});

/**
 * Parses the text of a customer schema (YAML).
 *
 * @param file what errors name.
 * @throws BankChurnError CONFIG_INVALID with every error.
 */
export function parseCustomerSchema(text: string, file: string): CustomerSchema {
  try {
    const { eventId, customerId, occurredAt, inputs, label, gate, ...rest } = fileShape.parse(parse(text));
    return {
      ...rest,
      eventId: { name: 'eventId', ...eventId, path: eventId.path },
      customerId: { name: 'customerId', ...customerId, path: customerId.path },
      occurredAt: { name: 'occurredAt', ...occurredAt, path: occurredAt.path },
      inputs: inputs.map(({ retired, ...input }) => ({
        ...input,
        path: input.path,
        doc: input.doc,
        min: input.min,
        max: input.max,
        levels: input.levels,
        other: input.other,
        commas: input.commas,
        isRetired: retired,
      })),
      label,
      gate: {
        minWeightedF1: gate.minWeightedF1,
        minAucGain: gate.minAucGain,
        minLogLossGain: gate.minLogLossGain,
      },
    };
  } catch (cause) {
    throw new BankChurnError('CONFIG_INVALID', `${file} is no customer schema: ${messageOf(cause)}`, {
      cause,
    });
  }
}
