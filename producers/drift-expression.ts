/** Drift scenarios for any customer schema, as text: `age+10`, `balance*1.5`, `tenure=missing:30%`. */
import type { CustomerInput, CustomerSchema, InputValue } from '../schemas/customer/schema.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { similarField } from '../schemas/fields.ts';
import type { Drift } from './drift-stream.ts';
import { readValue } from './drift-value.ts';

/** One change of one input. */
export interface InputChange {
  /** As it was written. */
  readonly text: string;
  readonly input: CustomerInput;
  /** Of the events, above 0 and at most 1; drawn by chance. */
  readonly share: number;
  readonly to: (value: InputValue) => InputValue;
}

const SEPARATOR = ';';
const CHANGE = /^([^-+*=]+)([-+*=])(.*)$/s;
const SHARE = /:([^:%]*)%$/;
const UNMARKED_SHARE = /:\s*([\d.]+)$/;
const NUMBER = /^(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
const MOST_NAMED = 20;

/** The changes of some texts, each with one or several and `;` between them. */
export const splitDrift = (texts: readonly string[]): string[] =>
  texts
    .flatMap((text) => text.split(SEPARATOR))
    .map((part) => part.trim())
    .filter((part) => part !== '');

/**
 * Reads changes of inputs.
 *
 * @throws BankChurnError CONFIG_INVALID with every error.
 */
export function parseDrift(
  parts: readonly string[],
  schema: Pick<CustomerSchema, 'inputs'>,
): readonly InputChange[] {
  const changes = parts.map((part) => parseChange(part, schema));
  const errors = changes.filter((change) => typeof change === 'string');
  if (changes.length === 0) errors.push(`no change is given: write ${EXAMPLES}`);
  if (errors.length > 0) throw new BankChurnError('CONFIG_INVALID', `drift: ${errors.join('\n  drift: ')}`);
  return changes.filter((change) => typeof change !== 'string');
}

const EXAMPLES = 'an input, one of + - * = and a value, as age+10, age*1.5, age=missing:30%';

/** A change, or what is wrong with it. */
function parseChange(text: string, schema: Pick<CustomerSchema, 'inputs'>): InputChange | string {
  const [, name = '', operator = '', rest = ''] = CHANGE.exec(text) ?? [];
  if (name === '') return `${text} is no change: write ${EXAMPLES}`;
  const input = inputNamed(name.trim(), schema);
  if (typeof input === 'string') return `${text}: ${input}`;
  const [suffix = '', percent] = SHARE.exec(rest) ?? [];
  const share = percent === undefined ? 1 : shareOf(percent);
  if (share === undefined)
    return `${text}: ${suffix.slice(1)} is no share: more than 0% and at most 100%, as ${input.name}=missing:30%`;
  const value = rest.slice(0, rest.length - suffix.length).trim();
  const slip = slipIn(rest, schema);
  if (slip !== undefined) return `${text}: ${slip}`;
  const to = operator === '=' ? constant(input, value) : moved(input, operator, value);
  return typeof to === 'string' ? `${text}: ${to}` : { text, input, share, to };
}

/** What would otherwise be read as a part of a category's value. */
function slipIn(rest: string, schema: Pick<CustomerSchema, 'inputs'>): string | undefined {
  const [, percent] = UNMARKED_SHARE.exec(rest) ?? [];
  if (percent !== undefined) return `a share is written with %, as :${percent}%`;
  const others = rest
    .split(',')
    .slice(1)
    .flatMap((part) => CHANGE.exec(part.trim())?.[1] ?? []);
  return others.some((name) => typeof inputNamed(name.trim(), schema) !== 'string')
    ? `between two changes comes ${SEPARATOR} and no comma`
    : undefined;
}

function shareOf(percent: string): number | undefined {
  const share = NUMBER.test(percent.trim()) ? Number(percent) / 100 : NaN;
  return share > 0 && share <= 1 ? share : undefined;
}

/** A name without case and word separators, as CSV headers are compared. */
const plain = (name: string): string => name.toLowerCase().replace(/[\s_.-]+/g, '');

/** The input of that name, alias or header, or what to write instead. */
function inputNamed(name: string, { inputs }: Pick<CustomerSchema, 'inputs'>): CustomerInput | string {
  const exact = inputs.find((input) => input.name === name);
  const found =
    exact ??
    inputs.find((input) => namesOf(input).some((known) => known === name)) ??
    inputs.find((input) => namesOf(input).some((known) => plain(known) === plain(name)));
  if (found !== undefined) return found;
  const names = inputs.map((input) => input.name);
  const meant = similarField(name, names);
  const known = names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ', …' : '');
  return `no input is named ${name}${meant === undefined ? `: there are ${known}` : `: did you mean ${meant}?`}`;
}

const namesOf = ({ name, aliases, headers }: CustomerInput): string[] => [name, ...aliases, ...headers];

function constant(input: CustomerInput, text: string): InputChange['to'] | string {
  const value = readValue(input, text);
  return typeof value === 'string' ? value : () => value.value;
}

/** A number plus, minus or times another. */
function moved(input: CustomerInput, operator: string, text: string): InputChange['to'] | string {
  const { name, type } = input;
  if (type === 'boolean' || type === 'category') {
    const kind = type === 'boolean' ? 'true or false' : 'a category';
    return `${name} is ${kind}, and ${operator} is for numbers: give some events a value, as ${exampleOf(input)}`;
  }
  const amount = NUMBER.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(amount)) return `${text === '' ? 'nothing' : text} is no number, as ${name}+10`;
  if (operator === '*') return amount === 1 ? 'times 1 changes nothing' : scaled(input, amount);
  if (amount === 0) return `${operator}0 changes nothing`;
  if (type === 'integer' && !Number.isInteger(amount))
    return `${name} is a whole number: ${operator} a whole number, or * to scale it`;
  return shifted(input, operator === '-' ? -amount : amount);
}

function exampleOf({ name, type, levels }: CustomerInput): string {
  const value = type === 'boolean' ? 'true' : levels?.[0];
  return value === undefined ? `${name}=missing:30%` : `${name}=${value}:60% or ${name}=missing:30%`;
}

const shifted = (input: CustomerInput, amount: number): InputChange['to'] =>
  onNumbers(input, (value) => value + amount);
const scaled = (input: CustomerInput, factor: number): InputChange['to'] =>
  onNumbers(input, (value) => value * factor);

/** Applies a function to what is there; the result stays whole where the input is, and in its range. */
function onNumbers(
  { type, min = -Infinity, max = Infinity }: CustomerInput,
  change: (value: number) => number,
): InputChange['to'] {
  // Twelve digits: 29.85 * 1.1 shall not become 32.83500000000001.
  const rounded = type === 'integer' ? Math.round : (x: number): number => Number(x.toPrecision(12));
  return (value) => {
    if (typeof value !== 'number') return value;
    const whole = type === 'integer';
    const [low, high] = [whole ? Math.ceil(min) : min, whole ? Math.floor(max) : max];
    const bounded = Math.min(high, Math.max(low, rounded(change(value))));
    return Number.isFinite(bounded) ? bounded : value;
  };
}

/** The changes as a drift: made in their order, each with its own draw. Outcomes stay what they were. */
export const driftOf = (changes: readonly InputChange[]): Drift => ({
  change: (event, random) => {
    const values = new Map<string, InputValue>();
    for (const { input, share, to } of changes) {
      if (share < 1 && random.next() >= share) continue;
      const present = values.get(input.name);
      values.set(input.name, to(present === undefined ? (event[input.name] ?? null) : present));
    }
    return { ...event, ...Object.fromEntries(values) };
  },
});
