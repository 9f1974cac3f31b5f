/** The names of fields: which are known, which are not, and which look like a slip of the pen. */
import { likeness } from './csv/columns.ts';

/** How often each unknown field was there, by its name; bounded. */
export type FieldCounts = Map<string, number>;

/** Distinct names that are kept apart; the rest counts as `other`. */
export const MAX_NAMES = 20;
const MAX_NAME = 64;
export const OTHER = 'other';

/** Adds to the count of a field, under its name of at most 64 characters, or under `other` when there are too many names. */
export function countField(counts: FieldCounts, field: string, times = 1): void {
  const known = counts.get(field);
  if (known !== undefined) counts.set(field, known + times);
  else {
    const cut = field.slice(0, MAX_NAME).toWellFormed();
    const name = counts.has(cut) || counts.size < MAX_NAMES ? cut : OTHER;
    counts.set(name, (counts.get(name) ?? 0) + times);
  }
}

/** The field that an unknown name most likely stands for; undefined if it resembles none. For messages only. */
export const similarField = (name: string, fields: readonly string[]): string | undefined =>
  fields.find((field) => likeness(name, field) === 'misspelt');

/** Unknown names that a message looks at, and comparisons with fields: each costs a microsecond, and a record may have any number. */
const MAX_LOOKED_AT = 50;
const MAX_COMPARED = 2000;
const MAX_TOLD = 4;

/**
 * What a message says about names that look like misspelt fields, without the names, which are a record's:
 * `: misspelt is` and the field.
 *
 * @param names of the fields that were there; @param known each name that is read → its field.
 */
export function misspellings(names: readonly string[], known: ReadonlyMap<string, string>): string {
  const fields = [...new Set(known.values())];
  const told = names
    .filter((name) => !known.has(name))
    .slice(0, Math.min(MAX_LOOKED_AT, Math.ceil(MAX_COMPARED / fields.length)))
    .flatMap((name) => {
      const field = similarField(name, fields);
      return field ?? [];
    });
  return told.length === 0 ? '' : `: misspelt is ${[...new Set(told)].slice(0, MAX_TOLD).join(', ')}`;
}
