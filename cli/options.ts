import { InvalidArgumentError } from 'commander';

/** Parses an option's number; commander prints the fault and exits with 2. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number above 0 is needed.');
  return value;
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('a whole number, 0 or more, is needed.');
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('a number above 0 is needed.');
  return value;
}

export function probability(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('a number from 0 to 1 is needed.');
  return value;
}

export function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('a port (0..65535) is needed.');
  return value;
}

/** Parses a comma-separated list. */
export const list = (text: string): string[] => text.split(',').map((word) => word.trim());

/** Parses a comma-separated list of known words. */
export function listOf<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) => {
    const words = list(text);
    const unknown = words.filter((word) => !(known as readonly string[]).includes(word));
    if (unknown.length > 0)
      throw new InvalidArgumentError(`${unknown.join(', ')}: known are ${known.join(', ')}.`);
    return words as T[];
  };
}

const DAY = String.raw`\d{4}-\d{2}-\d{2}`;
const TIME = String.raw`\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})`;
const MOMENT = new RegExp(`^${DAY}(T${TIME})?$`);

/** A point in time in ISO 8601, as milliseconds since 1970: a day begins in UTC, and a time names its zone. */
export function moment(text: string): number {
  const day = text.slice(0, 10);
  const ms = MOMENT.test(text) ? Date.parse(text) : NaN;
  // A day that its month does not have is read as one of the next.
  const isDay = !Number.isNaN(ms) && new Date(`${day}T00:00Z`).toISOString().startsWith(day);
  if (!isDay)
    throw new InvalidArgumentError('a time with its zone, such as 2026-11-24T10:00Z or +01:00, is needed.');
  return ms;
}
