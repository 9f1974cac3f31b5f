/** Leaves out what a model must not or need not see: likely leaks, and columns that others say already. */
import { shown } from '../../schemas/csv/errors.ts';
import { createNumberReader } from '../../schemas/csv/numbers.ts';
import type { InputValue } from '../../schemas/customer/schema.ts';
import { singleInputAuc } from '../single-input.ts';
import type { InferredInput, LeftOut } from './inference.ts';
import type { LabelDraft } from './label-rule.ts';
import { findRelations, type Relation } from './relations.ts';
import { flagOf } from './words.ts';

/** A column on its way: left out with a reason, or an input with its cells in the sample. */
export type Judged =
  | { readonly header: string; readonly reason: string; readonly input: undefined }
  | {
      readonly header: string;
      readonly reason: undefined;
      readonly input: InferredInput;
      readonly cells: readonly string[];
    };

/** ROC AUC of one column alone from which on it is a leak; if its name has words of the label too, from the second on. */
const LEAK = 0.98;
const NAMED_LEAK = 0.85;
/** Customers of each kind that the figure needs. */
const MIN_OF_CLASS = 10;

export interface Judgement {
  readonly inputs: readonly InferredInput[];
  /** In the order of the columns. */
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly string[];
}

/**
 * @param labels the label's cells in the sample, row by row as those of the columns.
 * @param label its header.
 */
export function judgeColumns(
  columns: readonly Judged[],
  labels: readonly string[],
  { churned, stayed }: Pick<LabelDraft, 'churned' | 'stayed'>,
  label: string,
  separator: string,
): Judgement {
  const known = labels.map((cell) => (churned.includes(cell) ? 1 : stayed.includes(cell) ? 0 : undefined));
  const rows = known.flatMap((value, row) => (value === undefined ? [] : [row]));
  const y = Uint8Array.from(rows, (row) => known[row]!);
  const left = y.reduce((sum, value) => sum + value, 0);
  const isEnough = Math.min(left, y.length - left) >= MIN_OF_CLASS;
  const kept: { input: InferredInput; values: InputValue[] }[] = [];
  const reasons = new Map<string, string>();
  for (const column of columns) {
    if (column.input === undefined) continue;
    const values = valuesOf(column.input, column.cells, separator);
    const reason = isEnough ? leakReason(column.input, rows.map((row) => values[row]!), y, label) : undefined; // prettier-ignore
    if (reason === undefined) kept.push({ input: column.input, values });
    else reasons.set(column.header, reason);
  }
  const relations = findRelations(kept);
  kept.forEach(({ input }, at) => {
    const relation = relations[at];
    if (relation !== undefined) reasons.set(input.header, wordsOf(relation, kept[relation.of]!.input));
  });
  return {
    inputs: kept.flatMap(({ input }) => (reasons.has(input.header) ? [] : [input])),
    leftOut: columns.flatMap(({ header, reason = reasons.get(header), input }) =>
      reason === undefined ? [] : [{ header, reason, input }],
    ),
    warnings: [
      ...(isEnough
        ? []
        : [`fewer than ${String(MIN_OF_CLASS)} customers of one kind: leaks were not looked for`]),
      ...[...reasons].map(([header, reason]) => `${shown(header)} is left out: ${reason}`),
    ],
  };
}

function leakReason(
  { header }: InferredInput,
  values: readonly InputValue[],
  labels: Uint8Array,
  label: string,
): string | undefined {
  const auc = singleInputAuc(values, labels);
  const shown = `alone it tells who churned with a ROC AUC of ${auc.toFixed(3)}`;
  if (auc >= LEAK) return `likely a leak, known only afterwards: ${shown}`;
  return auc >= NAMED_LEAK && sharesWord(header, label)
    ? `likely a leak, by its name and since ${shown}`
    : undefined;
}

/** Whether two headers have a word of four letters or more in common. */
function sharesWord(header: string, label: string): boolean {
  const words = (text: string): string[] =>
    text
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z]+/)
      .filter((word) => word.length > 3);
  const own = [...words(label), 'churn', 'attrition'];
  return words(header).some((word) => own.includes(word));
}

const wordsOf = ({ what }: Relation, { name }: InferredInput): string =>
  ({
    same: `it has the same values as ${name}`,
    'one-to-one': `it follows from ${name}: each value of one belongs to one value of the other`,
    linear: `it follows from ${name}: it is a multiple of it, perhaps with a constant added`,
  })[what];

/** The cells of a column as a model would see them. */
function valuesOf({ draft }: InferredInput, cells: readonly string[], separator: string): InputValue[] {
  const missing = new Set((draft.missing ?? []).map((word) => word.toLowerCase()));
  const read = createNumberReader(draft.commas, separator);
  const valueOf = (cell: string): InputValue => {
    if (draft.type === 'boolean') return flagOf(cell) ?? null;
    if (draft.type === 'category')
      return draft.levels === undefined || draft.levels.includes(cell) ? cell : draft.other!;
    const number = read(cell);
    return typeof number === 'number' ? number : null;
  };
  return cells.map((cell) => (cell === '' || missing.has(cell.toLowerCase()) ? null : valueOf(cell)));
}
