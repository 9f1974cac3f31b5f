/** Columns that say what another one says already: the same values, one value for each of the other's, a multiple of it. */
import type { InputValue } from '../../schemas/customer/schema.ts';

export interface Values {
  /** Of the rows of the sample; null is missing. */
  readonly values: readonly InputValue[];
}

export interface Relation {
  /** Position of the earlier column. */
  readonly of: number;
  readonly what: 'same' | 'one-to-one' | 'linear';
}

/** Rows that a relation must hold for, at least. */
const MIN_ROWS = 50;
/** Customers that must have another value than the most frequent one: fewer agree by chance. */
const MIN_OTHERS = 5;
/** Rows that linear relations are looked for in, at most. */
const MAX_ROWS = 1000;
/** Correlation of a column and its multiple, which is perhaps rounded. */
const LINEAR = 0.999_99;

/** For each column the first earlier one that says the same; undefined: none does. */
export function findRelations(columns: readonly Values[]): (Relation | undefined)[] {
  const same = firstOfKind(columns.map(({ values }) => exactly(values)));
  const alike = firstOfKind(columns.map(({ values }) => patternOf(values)));
  const linear = linearTo(columns);
  return columns.map((_, at) => {
    if (same[at] !== undefined) return { of: same[at], what: 'same' };
    if (alike[at] !== undefined) return { of: alike[at], what: 'one-to-one' };
    return linear[at] === undefined ? undefined : { of: linear[at], what: 'linear' };
  });
}

/** For each key the position of its first like; undefined for the first itself, and where the key is undefined. */
function firstOfKind(keys: readonly (string | undefined)[]): (number | undefined)[] {
  const first = new Map<string, number>();
  return keys.map((key, at) => {
    if (key === undefined) return undefined;
    const found = first.get(key);
    if (found === undefined) first.set(key, at);
    return found;
  });
}

const exactly = (values: readonly InputValue[]): string | undefined =>
  values.length < MIN_ROWS || !variesEnough(values) ? undefined : JSON.stringify(values);

/**
 * Which rows share a value, whatever it is: equal for two columns if and only if their values are one-to-one. Undefined for
 * columns whose values are mostly different ones, which are one-to-one by chance.
 */
function patternOf(values: readonly InputValue[]): string | undefined {
  if (values.length < MIN_ROWS || !variesEnough(values)) return undefined;
  const numbers = new Map<InputValue, number>();
  const pattern = values.map((value) => {
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  });
  return numbers.size * MIN_OTHERS > values.length ? undefined : pattern.join();
}

function variesEnough(values: readonly InputValue[]): boolean {
  const counts = new Map<InputValue, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return values.length - Math.max(...counts.values()) >= MIN_OTHERS;
}

/** Values less their mean, of length 1; undefined for columns that are not numbers or hardly vary. */
function standardized(values: readonly InputValue[]): Float64Array | undefined {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length < MIN_ROWS || new Set(numbers).size < 3 || values.some((value) => typeof value === 'string')) return undefined; // prettier-ignore
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const centred = Float64Array.from(values, (value) => (typeof value === 'number' ? value - mean : 0));
  const norm = Math.hypot(...centred);
  return norm > 0 && Number.isFinite(norm) ? centred.map((value) => value / norm) : undefined;
}

function linearTo(columns: readonly Values[]): (number | undefined)[] {
  const rows = columns.map(({ values }) => values.slice(0, MAX_ROWS));
  const gaps = rows.map((values) => values.map((value) => (value === null ? '1' : '0')).join(''));
  const vectors = rows.map(standardized);
  return vectors.map((vector, at) => {
    if (vector === undefined) return undefined;
    const found = vectors.findIndex(
      (other, i) =>
        i < at && other !== undefined && gaps[i] === gaps[at] && Math.abs(dot(vector, other)) >= LINEAR,
    );
    return found < 0 ? undefined : found;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
