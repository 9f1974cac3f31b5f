/** Words that programs and people write for yes, no, nothing, and for customers who left or stayed. All in lower case. */
import { meansNoValue } from '../../schemas/csv/no-value.ts';

const TRUE = new Set('1 true t yes y on ja j oui si sí sim'.split(' '));
const FALSE = new Set('0 false f no n off nein non não'.split(' '));

/** What a word says as a flag; undefined: it is no such word. `1.0` is 1, and `True.` is true. */
export function flagOf(word: string): boolean | undefined {
  const plain = word
    .toLowerCase()
    .replace(/^([01])\.0+$/, '$1')
    .replace(/\.$/, '');
  return TRUE.has(plain) ? true : FALSE.has(plain) ? false : undefined;
}

/** Words that mean no value among numbers, and may be a level of a category. */
const AMONG_NUMBERS = new Set(['-', '--', '–', '—', '.', '*', 'none', 'nil', 'missing', 'unknown', 'undefined', 'blank', 'x']); // prettier-ignore

export const meansNoNumber = (word: string): boolean =>
  meansNoValue(word) || AMONG_NUMBERS.has(word.toLowerCase());
/** The CSV reader refuses these in a category unless the schema names them. */
export const needsNaming = (word: string): boolean =>
  /^(?:none|nil|#(?:ref!|name\?|num!|div\/0!))$/i.test(word);

const LEFT =
  /churn|attrit|exit|left|leav|cancel|clos|lost|gone|terminat|inactiv|withdr|depart|discon|laps|surrender/;
const STAYED = /exist|stay|retain|retent|remain|activ|loyal|current|continu|kept|open|in.?force/;
const DENIED = /(?:^|[\s_-])(?:not?|non|never)(?=[\s_-])|^(?:un|non)(?=churn)/;

/** What a word of the label says; undefined: nothing that is known. */
export function churnedOf(word: string): boolean | undefined {
  const plain = word.toLowerCase();
  const flag = flagOf(plain);
  if (flag !== undefined) return flag;
  const isDenied = DENIED.test(plain);
  if (LEFT.test(plain)) return !isDenied;
  return STAYED.test(plain) ? isDenied : undefined;
}

/** Whether a header says that its yes is a customer who stayed: `Active`, `NotChurned`. */
export const saysStayed = (header: string): boolean =>
  flagOf(header) === undefined && churnedOf(header.replace(/([a-z])([A-Z])/g, '$1 $2')) === false;
