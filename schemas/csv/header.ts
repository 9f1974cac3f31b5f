/** The one check of a CSV's first row, and what its separator is. */
import { createEventReader, type EventReader } from '../customer/event-reader.ts';
import { createCellReader, type ReadCell } from './cells.ts';
import { isColumn, isRivals, likeness, type CsvColumn, type CsvColumns, type Likeness } from './columns.ts';
import { fileError, shortened, shown } from './errors.ts';

/** What a caller needs of a file. */
export interface CsvNeeds {
  /** Names of inputs and of the label without which the file is refused. */
  readonly needed: readonly string[];
  /** Likewise, that may be missing on purpose. */
  readonly allowed: readonly string[];
  /** What else to do about missing columns, for the message: an option of the command. */
  readonly otherwise?: (missing: readonly CsvColumn[]) => string;
  /** Skip lines before the header instead of refusing the file. */
  readonly skipsPreamble?: boolean;
}

/** A checked header. */
export interface CsvHeader {
  readonly columns: CsvColumns;
  /** Line of the file it ends on. */
  readonly line: number;
  /** Its cells, as the file spells them. */
  readonly names: readonly string[];
  /** Where the known columns are, from 0, by their fields. */
  readonly positions: ReadonlyMap<string, number>;
  /** The known columns, and how their cells are read. */
  readonly readers: readonly { readonly column: CsvColumn; readonly at: number; readonly read: ReadCell }[];
  /** The check of what the cells hold. */
  readonly events: EventReader;
  /** Names that nothing reads, as the file spells them. */
  readonly ignored: readonly string[];
  readonly separator: string;
  /** A column as messages name it: `Income (4)`, in the file's own spelling, counted from 1. */
  readonly place: (column: string | number) => string;
}

/**
 * Finds the columns in a header row: the names of the schema, whatever their case and word separators.
 *
 * @throws Error naming columns that are missing, misspelt, there twice, or one of several.
 */
export function checkHeader(
  file: string,
  line: number,
  names: readonly string[],
  separator: string,
  columns: CsvColumns,
  needs: CsvNeeds,
): CsvHeader {
  const found = new Map<string, number>();
  const unknown: string[] = [];
  names.forEach((name, at) => {
    const meant = columns.find(name);
    if (isRivals(meant)) throw isOneOf(file, line, name, at, meant.rivals);
    if (meant === undefined && name !== '') unknown.push(name);
    if (!isColumn(meant)) return;
    const first = found.get(meant.field);
    if (first !== undefined) throw isTwice(file, line, names, meant, first, at);
    found.set(meant.field, at);
  });
  refuseMissing(file, line, found, unknown, columns, needs);
  const { label } = columns.schema;
  return {
    columns,
    line,
    names,
    positions: found,
    readers: [...found].map(([field, at]) => {
      const column = columns.byField.get(field)!;
      return { column, at, read: createCellReader(column, label, separator) };
    }),
    events: createEventReader(columns.schema),
    ignored: unknown,
    separator,
    place: (column) => {
      const at = typeof column === 'number' ? column : found.get(column);
      return at === undefined ? String(column) : placeOf(names[at] ?? '', at);
    },
  };
}

/** A column as messages name it: its name in the file and its number, from 1. */
export function placeOf(name: string, at: number): string {
  return name === '' ? String(at + 1) : `${shortened(name)} (${String(at + 1)})`;
}

const cellOf = (line: number, at: number): string => `line ${String(line)}, column ${String(at + 1)}`;

function isTwice(
  file: string,
  line: number,
  names: readonly string[],
  column: CsvColumn,
  first: number,
  at: number,
): Error {
  const [one, other] = [names[first]!, names[at]!];
  const spelt = one === other ? '' : `, as ${shown(one)}`;
  return fileError(
    file,
    cellOf(line, at),
    `${column.name} is there twice (column ${String(first + 1)} too${spelt}): remove or rename one of them`,
  );
}

const isOneOf = (file: string, line: number, name: string, at: number, rivals: readonly string[]): Error =>
  fileError(
    file,
    cellOf(line, at),
    `${shown(name)} may be ${rivals.map(shown).join(' or ')}: write it exactly as the one that it is`,
  );

function refuseMissing(
  file: string,
  line: number,
  positions: ReadonlyMap<string, number>,
  unknown: readonly string[],
  { all }: CsvColumns,
  { needed, allowed, otherwise }: CsvNeeds,
): void {
  const hintOf = (column: CsvColumn, least: readonly Likeness[]): string[] =>
    unknown
      .filter((name) => column.names.some((known) => least.includes(likeness(name, known))))
      .slice(0, 1)
      .map((name) => `${shown(name)}: did you mean ${column.name}?`);
  const absent = all.filter(({ field }) => !positions.has(field) && !allowed.includes(field));
  const missing = absent.filter(({ field }) => needed.includes(field));
  const others = absent.filter(({ field }) => !needed.includes(field));
  const hints = [
    ...missing.flatMap((column) => hintOf(column, ['misspelt', 'related'])),
    ...others.flatMap((column) => hintOf(column, ['misspelt'])),
  ];
  const where = `line ${String(line)}`;
  if (positions.size === 0) {
    const wanted = all.filter(({ field }) => needed.includes(field));
    throw fileError(
      file,
      where,
      `no column is known, is this the header? Needed are ${namesOf(wanted)}: add them as the first line`,
    );
  }
  if (missing.length > 0) {
    const also = otherwise === undefined ? '' : `, or ${otherwise(missing)}`;
    const list = [`columns missing: ${namesOf(missing)}`, ...hints].join('; ');
    throw fileError(file, where, `${list}: add or rename them${also}`);
  }
  if (hints.length > 0) throw fileError(file, where, `${hints.join('; ')}: rename or remove it`);
}

/** Names that a message lists at most. */
const MOST_NAMED = 30;

const namesOf = (columns: readonly CsvColumn[]): string =>
  columns
    .slice(0, MOST_NAMED)
    .map(({ name }) => name)
    .join(', ') + (columns.length > MOST_NAMED ? `, and ${String(columns.length - MOST_NAMED)} more` : '');
