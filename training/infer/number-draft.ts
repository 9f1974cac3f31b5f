/** Columns of numbers: what commas are, which words mean missing, what is impossible. */
import { counted, oncePerCase, type Column, type ColumnDraft } from './column-draft.ts';
import { type ColumnFacts, type Commas, type NumberFacts } from './column-facts.ts';
import { shown } from '../../schemas/csv/errors.ts';
import { meansNoNumber } from './words.ts';

/** Share of the filled cells that are numbers, words for missing aside. */
const NUMERIC = 0.95;
/** Other words that may be among them. */
const MAX_ODD = 3;
const INT32 = 2 ** 31 - 1;
const OLDEST = 150;

/** How commas are read so that most cells are numbers; `usual` where two ways are as good. */
export function chooseCommas({ numbers }: ColumnFacts, usual: Commas): Commas {
  const count = (commas: Commas): number => numbers.get(commas)!.count;
  const most = Math.max(count(undefined), count('thousands'), count('decimal'));
  if (count(undefined) === most) return undefined;
  return usual !== undefined && count(usual) === most
    ? usual
    : count('thousands') === most
      ? 'thousands'
      : 'decimal';
}

/** `0.5` and `12.75`: the point is no thousands separator. */
const POINT_DECIMAL = /^[+-]?\d*\.(?:\d{1,2}|\d{4,})$/;

/** What commas are in a file, for columns that do not show it. */
export function usualCommas(columns: readonly ColumnFacts[], separator: string): Commas {
  const isDecimal = columns.some(
    ({ numbers }) => numbers.get('decimal')!.count > numbers.get('thousands')!.count,
  );
  if (isDecimal) return 'decimal';
  const isPoint = columns.some(({ texts }) =>
    [...texts.counts.keys()].some((text) => POINT_DECIMAL.test(text)),
  );
  return isPoint || separator === ',' ? 'thousands' : 'decimal';
}

interface NumberColumn {
  readonly commas: Commas;
  readonly numbers: NumberFacts;
  /** Words for a missing value. */
  readonly missing: readonly string[];
  /** Those of them that are known for nothing like it. */
  readonly mute: readonly string[];
  /** Cells that are neither. */
  readonly odd: number;
}

/** The column as numbers; undefined: too many of its cells are none. */
export function asNumbers(
  { facts, usual }: Column,
  isNumber: (cell: string) => boolean,
): NumberColumn | undefined {
  const commas = chooseCommas(facts, usual);
  const numbers = facts.numbers.get(commas)!;
  const words = [...facts.texts.counts].filter(([text]) => !isNumber(text));
  const isMissing = ([word]: readonly [string, number]): boolean => meansNoNumber(word);
  const missing = words.filter(isMissing);
  const odd = words.filter((word) => !isMissing(word));
  const known = missing.reduce((sum, [, count]) => sum + count, 0);
  const oddCells = Math.max(0, facts.rows - facts.blank - numbers.count - known);
  if (numbers.count === 0 || numbers.count < NUMERIC * (numbers.count + oddCells)) return undefined;
  if (odd.length > MAX_ODD && oddCells > 0.005 * numbers.count) return undefined;
  const mute = odd.filter(([word]) => !/\d/.test(word));
  return {
    commas,
    numbers,
    missing: [...missing, ...mute].map(([word]) => word),
    mute: mute.map(([word]) => word),
    odd: oddCells - mute.reduce((sum, [, count]) => sum + count, 0),
  };
}

/** The input of a column of numbers, or why it is none. */
export function numberDraft(
  { facts, cells, usual }: Column,
  { commas, numbers, missing, mute, odd }: NumberColumn,
): ColumnDraft {
  const byDefault = facts.numbers.get(undefined)!;
  if (commas === 'thousands' && usual === 'decimal' && byDefault.isWhole && !numbers.isWhole)
    return {
      reason: 'numbers such as 1.234 can be read in two ways: write them without thousands separators',
    };
  const id = idReason(facts, cells, numbers) ?? dateReason(facts, numbers);
  if (id !== undefined) return { reason: id };
  const notes: string[] = [];
  if (odd > 0)
    notes.push(
      `cells that are no numbers: ${counted(odd)}; correct them, or skip their rows with --bad-rows skip`,
    );
  if (mute.length > 0)
    notes.push(
      `${mute.map(shown).join(', ')} among numbers: a guess that it means missing, correct it if it does not`,
    );
  const sentinel = sentinelOf(facts, numbers);
  if (sentinel !== undefined)
    notes.push(`${sentinel} is the only number below 0: if it means missing, add it to missing in quotes`);
  const [max, why] = maxOf(facts, numbers);
  if (why !== undefined) notes.push(why);
  return {
    draft: {
      type: numbers.isWhole ? 'integer' : 'number',
      ...(numbers.min >= 0 ? { min: 0 } : {}),
      ...(max === undefined ? {} : { max }),
      ...(numbers.isWhole && numbers.min < -INT32 ? { min: Number.MIN_SAFE_INTEGER } : {}),
      ...(missing.length === 0 ? {} : { missing: oncePerCase(missing) }),
      ...(commas === undefined ? {} : { commas }),
    },
    notes,
  };
}

/** A bound that cannot be otherwise, and why. */
function maxOf(
  { header }: ColumnFacts,
  { max, isWhole }: NumberFacts,
): [max: number | undefined, why?: string] {
  const words = header.toLowerCase();
  if (/(^|[^a-z])age([^a-z]|$)/.test(words) && max <= OLDEST)
    return [OLDEST, `max: nobody is older than ${String(OLDEST)}`];
  if (/%|percent|pct/.test(words) && max <= 100) return [100, 'max: a percentage'];
  return isWhole && max > INT32
    ? [Number.MAX_SAFE_INTEGER, 'max: the largest whole number there is']
    : [undefined];
}

/** The number that looks like a mark for missing: the only one below 0, made of nines or -1. */
function sentinelOf({ texts }: ColumnFacts, { min }: NumberFacts): string | undefined {
  if (min >= 0) return undefined;
  const negative = [...texts.counts.keys()].filter((text) => text.startsWith('-') && Number(text) < 0);
  return negative.length === 1 && /^-(?:1|9+)(?:\.0+)?$/.test(negative[0]!) ? negative[0] : undefined;
}

/** Names of columns that hold ids, in lower case and without separators. */
const ID_NAME =
  /(?:^|customer|kunden|client|user|account|member|card|subscriber|person|employee|policy|contract|cust|acct|row|record|serial)(?:id|no|nr|num|number|key|uuid|guid|index)$|id$/;
export const isIdName = (header: string): boolean =>
  /[a-z](?:ID|Id)$/.test(header) ||
  (ID_NAME.test(header.toLowerCase().replace(/[\s_.-]+/g, '')) &&
    !/(?:paid|valid|void|avoid|grid|bid|mid|said)$/i.test(header));

/** Rows that a column needs to be called unique. */
const MIN_ROWS = 20;
/** Numbers from which on they are those of telephones, devices or accounts, if no two are the same. */
const LONG = 1e8;
/** Rows that numbers in any order need to be those of rows. */
const MIN_SHUFFLED = 100;

function idReason(
  { header }: ColumnFacts,
  cells: readonly string[],
  { isWhole, min, max }: NumberFacts,
): string | undefined {
  const filled = cells.filter((cell) => cell !== '');
  if (!isWhole || filled.length < MIN_ROWS || new Set(filled).size < filled.length) return undefined;
  const values = filled.map(Number);
  const steps = values.filter((value, i) => i > 0 && value > values[i - 1]!).length;
  if (steps === values.length - 1 && filled.length === cells.length)
    return 'whole numbers that count up, like the number of a row';
  if (isIdName(header)) return 'an id: no two customers have the same number';
  if (
    filled.length >= MIN_SHUFFLED &&
    (min >= LONG || (max >= LONG && filled.some((cell) => /^0\d/.test(cell))))
  )
    return 'long numbers of which no two are the same, like those of telephones or accounts';
  return filled.length >= MIN_SHUFFLED && max - min < 2 * filled.length && filled.length === cells.length
    ? 'the numbers of rows in another order: no two are the same'
    : undefined;
}

/** Different numbers such as 20170331 that are days, whatever the column is called. */
const MIN_DAYS = 20;

function dateReason({ header, texts }: ColumnFacts, { isWhole, min, max }: NumberFacts): string | undefined {
  if (!isWhole) return undefined;
  const isNamed = /date|time|day|since|stamp|(^|_)(dt|dob|ts)(_|$)/i.test(header);
  const isDay = ([text]: readonly [string, number]): boolean =>
    /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/.test(text);
  const days = min >= 19_000_101 && max <= 21_001_231 && [...texts.counts].every(isDay);
  const isManyDays = days && texts.counts.size >= MIN_DAYS;
  return isManyDays || (isNamed && (days || min >= 500_000_000))
    ? 'a date or a time: make a number of days or years of it'
    : undefined;
}
