/** What a value of an input may be: compiled from the schema once, with the reasons for refusals. */
import { checkText, invalid, kindOf } from '../checks.ts';
import type { CustomerInput, InputValue } from './schema.ts';

const INT32 = { min: -2_147_483_648, max: 2_147_483_647 };

/** Whether a whole number is an Avro int, or else a long. */
export const isInt32 = ({ min, max }: Pick<CustomerInput, 'min' | 'max'>): boolean =>
  (min ?? 0) >= INT32.min && (max ?? 0) <= INT32.max;

/** The least and the greatest value that an input takes: what the schema says, else what its Avro type holds. */
export function limitsOf({ type, min, max }: CustomerInput): { readonly min: number; readonly max: number } {
  if (type === 'boolean') return { min: 0, max: 1 };
  if (type === 'number') return { min: min ?? -Number.MAX_VALUE, max: max ?? Number.MAX_VALUE };
  const widest = isInt32({ min, max })
    ? INT32
    : { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
  return { min: min ?? widest.min, max: max ?? widest.max };
}

/** What is possible, for messages: `possible are 0..1000`. */
function possible(input: CustomerInput): string {
  const { min, max } = limitsOf(input);
  if (input.type === 'integer' || input.max !== undefined)
    return input.type === 'number' && input.min === undefined
      ? `possible is at most ${String(max)}`
      : `possible are ${String(min)}..${String(max)}`;
  return input.min === undefined
    ? 'possible is any finite number'
    : `possible are ${String(min)}..any finite amount`;
}

/** Where a number lies that is not within `min` and its maximum. */
function placeOf(value: number, min: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : 'infinite';
  return value < min ? `below ${String(min)}` : 'too large';
}

/** Words by what they stand for: the value of an input, null where they mean that it is missing. */
export type Words = (text: string) => InputValue | undefined;

/** What the words of an input mean; undefined: the schema has none for it. */
export function wordsOf({ type, spellings, missing }: CustomerInput): Words | undefined {
  const none = new Set(missing.map((word) => word.toLowerCase()));
  const values = new Map(
    Object.entries(spellings).flatMap(([value, texts]) =>
      texts.map((text) => [text, type === 'boolean' ? value === 'true' : value] as const),
    ),
  );
  if (none.size === 0 && values.size === 0) return undefined;
  const longest = Math.max(...missing.map(({ length }) => length), 0);
  return (text) =>
    values.get(text) ?? (text.length <= longest && none.has(text.toLowerCase()) ? null : undefined);
}

/** Checks a value and returns it as it is taken, null if it is missing. Throws `Invalid` with the input's name. */
export type CheckInput = (value: unknown) => InputValue;

/** Compiles the check of one input. */
export function createInputCheck(input: CustomerInput): CheckInput {
  const words = wordsOf(input);
  const check = CHECKS[input.type](input);
  return (value) => {
    if (value === undefined || value === null) return null;
    const known = typeof value === 'string' ? words?.(value) : undefined;
    return known === undefined || typeof known === 'string' ? check(known ?? value) : known;
  };
}

const CHECKS: Readonly<Record<CustomerInput['type'], (input: CustomerInput) => CheckInput>> = {
  number: createNumberCheck,
  integer: createNumberCheck,
  boolean: createFlagCheck,
  category: createCategoryCheck,
};

function createNumberCheck(input: CustomerInput): CheckInput {
  const { name, type } = input;
  const { min, max } = limitsOf(input);
  return (value) => {
    if (typeof value !== 'number') throw invalid(`${name} is ${kindOf(value)}, not a number`);
    if (!(value >= min && value <= max))
      throw invalid(`${name} is ${placeOf(value, min)}, ${possible(input)}`);
    if (type === 'integer' && !Number.isInteger(value)) throw invalid(`${name} is not a whole number`);
    return value;
  };
}

function createFlagCheck({ name }: CustomerInput): CheckInput {
  return (value) => {
    if (typeof value === 'boolean') return value;
    if (value === 0 || value === 1) return value === 1;
    throw invalid(`${name} is ${kindOf(value)}, not true or false`);
  };
}

function createCategoryCheck(input: CustomerInput): CheckInput {
  const levelOf = createLevelOf(input);
  return (value) => levelOf(checkText(value, input.name, input.maxLength));
}

/** What a text of a category becomes: itself, or what all levels share that the schema does not name. */
export function createLevelOf({ levels, other }: CustomerInput): (text: string) => string {
  if (levels === undefined || other === undefined) return (text) => text;
  const kept = new Set(levels);
  return (text) => (kept.has(text) ? text : other);
}
