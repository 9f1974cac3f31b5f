import type { CustomerInput, InputValue } from '../schemas/customer/schema.ts';

const MISSING = 'missing';
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

/**
 * Reads a value that some events shall have: `missing`, a word of the schema for it, or a value of the input's type.
 *
 * @returns what is wrong as a text: the schema calls the value impossible, so each event with it would be a dead letter.
 */
export function readValue(input: CustomerInput, text: string): { readonly value: InputValue } | string {
  const { name, type, missing } = input;
  if (text === '') return `a value is missing behind =, as ${name}=missing:30%`;
  const lower = text.toLowerCase();
  if (lower === MISSING || missing.some((word) => word.toLowerCase() === lower)) return { value: null };
  if (type === 'category') return readLevel(input, text);
  return type === 'boolean' ? readBoolean(input, text) : readNumber(input, text);
}

function readNumber({ name, type, min, max }: CustomerInput, text: string): { value: number } | string {
  const value = NUMBER.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) return `${name} is a number, and ${text} is none; missing means none at all`;
  if (type === 'integer' && !Number.isSafeInteger(value))
    return `${name} is a whole number, and ${text} is none`;
  const fate = 'such events would be dead letters';
  if (min !== undefined && value < min)
    return `the customer schema allows ${name} from ${String(min)} on: ${fate}`;
  if (max !== undefined && value > max)
    return `the customer schema allows ${name} up to ${String(max)}: ${fate}`;
  return { value };
}

function readBoolean({ name, spellings }: CustomerInput, text: string): { value: boolean } | string {
  for (const value of [true, false]) {
    const words = [String(value), ...(spellings[String(value)] ?? [])];
    if (words.some((word) => word.toLowerCase() === text.toLowerCase())) return { value };
  }
  return `${name} is true, false or missing, and not ${text}`;
}

/** Any text is a level, new ones too: that is drift. A spelling becomes the level that it stands for. */
function readLevel({ name, spellings, maxLength }: CustomerInput, text: string): { value: string } | string {
  const [level = text] = Object.entries(spellings).find(([, words]) => words.includes(text)) ?? [];
  if (level.length <= maxLength) return { value: level };
  return `the customer schema allows ${String(maxLength)} characters for ${name}: such events would be dead letters`;
}
