/** The names of fields: which are known, which are not, and which look like a slip of the pen. */

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

/** `credit_score`, `CREDIT-SCORE` and `Credit Score` are one name. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Letters that may be wrong, missing or too many in a name that is still taken for a misspelling. */
const MAX_SLIPS = 2;

/** The field that an unknown name most likely stands for; undefined if it resembles none. For messages only. */
export function similarField(name: string, fields: readonly string[]): string | undefined {
  if (name.length > MAX_NAME) return undefined;
  const wanted = plain(name);
  const exact = fields.find((field) => plain(field) === wanted);
  if (exact !== undefined) return exact;
  return fields.find((field) => field.length > 2 * MAX_SLIPS && isNear(wanted, plain(field)));
}

const isNear = (a: string, b: string): boolean =>
  Math.abs(a.length - b.length) <= MAX_SLIPS && slips(a, b) <= MAX_SLIPS;

/** Unknown names that a message looks at. */
const MAX_LOOKED_AT = 50;
const MAX_TOLD = 4;

/**
 * What a message says about names that look like misspelt fields: `: "credit_score" is not a field (creditScore is)`.
 *
 * @param names of the fields that were there; @param known each name that is read → its field.
 */
export function misspellings(names: readonly string[], known: ReadonlyMap<string, string>): string {
  const fields = [...new Set(known.values())];
  const told = names
    .filter((name) => !known.has(name))
    .slice(0, MAX_LOOKED_AT)
    .flatMap((name) => {
      const field = similarField(name, fields);
      return field === undefined ? [] : [`${JSON.stringify(name)} is not a field (${field} is)`];
    });
  return told.length === 0 ? '' : `: ${told.slice(0, MAX_TOLD).join(', ')}`;
}

/** Levenshtein distance. */
function slips(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a.charAt(i - 1) === b.charAt(j - 1) ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length]!;
}
