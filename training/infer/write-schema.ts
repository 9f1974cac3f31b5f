/** The text of a customer schema that was made of a CSV: every guess and every column left out has its reason as a comment. */
import { stringify } from 'yaml';
import { counted } from './column-draft.ts';
import type { Inference, InferredInput, LeftOut } from './inference.ts';
import type { TableFacts } from './table-facts.ts';

/** What the head of the file says about its origin. */
export interface Origin {
  /** The command that wrote it. */
  readonly command: string;
  readonly table: TableFacts;
}

const SEPARATORS: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
};
export const separatorName = (separator: string): string => SEPARATORS[separator] ?? separator;

/** Characters of a line, beyond which a mapping is written with a line for each key. */
const WIDTH = 118;

/** One line: a text, a list or a mapping. */
function flow(value: unknown): string {
  const style = { collectionStyle: 'flow', flowCollectionPadding: true, lineWidth: 0 } as const;
  return stringify(value, style).trim().replaceAll('[ ', '[').replaceAll(' ]', ']');
}

/** A comment: one line, whatever is in it. */
const comment = (words: string): string => `# ${words.replace(/[\p{Cc}\u2028\u2029]/gu, ' ')}`;

/** Keys that YAML reads as true and false are written without quotes. */
const spelt = (
  spellings: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<unknown, readonly string[]> =>
  new Map(
    Object.entries(spellings).map(([value, words]) => [
      value === 'true' || (value === 'false' ? false : value),
      words,
    ]),
  );

/** The keys of an input's entry, in the order of documents. */
function entryOf({ name, header, draft }: InferredInput): Record<string, unknown> {
  const { type, min, max, commas, spellings, missing, levels, other } = draft;
  const isSame = header === name;
  // prettier-ignore
  const keys = { name, type, aliases: isSame ? undefined : [header], min, max, commas, spellings: spellings && spelt(spellings), missing, levels, other };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}

/** An item of a list of mappings: on one line if it fits, else a line for each key. */
function item(entry: Readonly<Record<string, unknown>>): string[] {
  const line = `  - ${flow(entry)}`;
  if (line.length <= WIDTH) return [line];
  return Object.entries(entry).map(([key, value], i) => `${i === 0 ? '  - ' : '    '}${key}: ${flow(value)}`);
}

const commented = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^ {2}/, '  # '));

function inputLines(inputs: readonly InferredInput[], leftOut: readonly LeftOut[]): string[] {
  const kept = inputs.flatMap((input) => [
    ...input.notes.map((note) => `  ${comment(note)}`),
    ...item(entryOf(input)),
  ]);
  const without = leftOut.flatMap(({ header, reason, input }) =>
    input === undefined
      ? []
      : [`  ${comment(`${JSON.stringify(header)}: ${reason}`)}`, ...commented(item(entryOf(input)))],
  );
  return without.length === 0
    ? kept
    : [...kept, '  # Left out. To use one after all, remove the "# " before its entry.', ...without];
}

/** Columns that nothing reads; those whose entries are commented out are not among them, so that commands name them. */
function ignoredLines(leftOut: readonly LeftOut[]): string[] {
  const ignored = leftOut.filter(({ input }) => input === undefined);
  if (ignored.length === 0) return [];
  return [
    '',
    '# Columns that cannot be inputs, and why. Nothing reads them.',
    'ignored:',
    ...ignored.map(({ header, reason }) => `  - ${flow(header)} ${comment(reason)}`),
  ];
}

function idLines({ customerId, rowNumber }: Inference): string[] {
  const id =
    customerId === undefined
      ? [comment('No column is an id: customers are called by the number of their row.')]
      : customerId.header === 'customerId'
        ? [comment(`customerId: ${customerId.note}`)]
        : [`customerId: ${flow({ aliases: [customerId.header] })} ${comment(customerId.note)}`];
  return rowNumber === undefined ? id : [...id, `rowNumber: ${flow([rowNumber])}`];
}

function labelLines({ label }: Inference): string[] {
  const { header, churned, stayed, rows, note } = label;
  const missing = rows.missing === 0 ? '' : `, ${counted(rows.missing)} without a label`;
  return [
    comment(note),
    comment(`${counted(rows.churned)} rows churned, ${counted(rows.stayed)} stayed${missing}.`),
    'label:',
    `  name: ${flow(header)}`,
    `  churned: ${flow(churned)}`,
    `  stayed: ${flow(stayed)}`,
  ];
}

/** The whole file. */
export function writeSchema(inference: Inference, { command, table }: Origin): string {
  const { name, inputs, leftOut, slices, gate } = inference;
  const cells = `${String(table.columns.length)} columns between ${separatorName(table.separator)}`;
  const groups = slices.map(({ input, bounds }) => (bounds.length === 0 ? input : { input, bounds }));
  return [
    comment(`Written by: ${command}`),
    comment(
      `from ${counted(table.rows)} rows of ${cells}. Everything here is a guess from the data: read it once.`,
    ),
    '# docs/customer-schema.md explains every key. The order of the inputs is part of a model’s bytes: append new ones at the',
    '# end, retire old ones with `retired: true`.',
    'version: 1',
    `name: ${flow(name)}`,
    '',
    ...idLines(inference),
    '',
    'inputs:',
    ...inputLines(inputs, leftOut),
    '',
    ...labelLines(inference),
    ...(groups.length === 0 ? [] : ['', '# The fairness report: by value, or by bands.', 'slices:', ...groups.map((group) => `  - ${flow(group)}`)]), // prettier-ignore
    '',
    '# What a model must show on the holdout: better than a constant score, by this much in ROC AUC and log loss.',
    `gate: ${flow(gate)}`,
    ...ignoredLines(leftOut),
    '',
  ].join('\n');
}
