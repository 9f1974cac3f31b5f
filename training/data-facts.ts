/** What the labelled data look like, input by input: for the data card and for warnings. No row of a customer is kept. */
import type { CustomerInput, CustomerSchema, InputValue } from '../schemas/customer/schema.ts';
import type { Dataset } from './dataset.ts';
import { quantileCuts } from './quantiles.ts';
import { sampleRows, singleInputAuc } from './single-input.ts';
import type { Split } from './split.ts';

/** Customers with the same level, or in the same range. */
export interface Group {
  readonly name: string;
  readonly rows: number;
  readonly churned: number;
}

/** One input over all labelled customers. */
export interface InputFacts {
  readonly input: CustomerInput;
  readonly rows: number;
  readonly missing: number;
  /** Different values, missing not counted. */
  readonly distinct: number;
  /** Of numbers, if there are any: at the shares of `QUANTILES`. */
  readonly quantiles: readonly number[];
  /** Levels, or ranges of numbers; what is missing comes last. */
  readonly groups: readonly Group[];
  /** ROC AUC of the input alone on the training part, .5 to 1. */
  readonly auc: number;
  /** Different values in the training part, missing not counted. */
  readonly distinctTrained: number;
}

/** Shares of the customers whose values the card shows. */
export const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1] as const;
/** Ranges of a number with more different values than this. */
const MAX_VALUES = 10;
const RANGES = 5;
/** Levels that are listed, and the customers that a listed one has at least: fewer could be recognised. */
const MAX_LEVELS = 12;
const MIN_ROWS = 10;

/** Facts about each input of the schema, retired ones left out. */
export function describeInputs(
  { events, labels }: Pick<Dataset, 'events' | 'labels'>,
  split: Split,
  { inputs }: Pick<CustomerSchema, 'inputs'>,
): InputFacts[] {
  const sample = sampleRows(split.train);
  const sampleLabels = Uint8Array.from(sample, (row) => labels[row]!);
  return inputs
    .filter(({ isRetired }) => !isRetired)
    .map((input) => {
      const values = events.map((event) => event[input.name] ?? null);
      const trained = split.train.map((row) => values[row]!);
      const numbers = isNumber(input) ? sortedNumbers(values) : new Float64Array();
      return {
        input,
        rows: values.length,
        missing: values.filter((value) => value === null).length,
        distinct: countDistinct(values),
        quantiles: numbers.length === 0 ? [] : QUANTILES.map((share) => quantile(numbers, share)),
        groups: isNumber(input) ? ranges(values, labels, numbers) : levels(values, labels),
        auc: singleInputAuc(sample.map((row) => values[row]!), sampleLabels), // prettier-ignore
        distinctTrained: countDistinct(trained),
      };
    });
}

const isNumber = ({ type }: CustomerInput): boolean => type === 'number' || type === 'integer';

const countDistinct = (values: readonly InputValue[]): number =>
  new Set(values.filter((value) => value !== null)).size;

const sortedNumbers = (values: readonly InputValue[]): Float64Array =>
  Float64Array.from(values.filter((value) => value !== null).map(Number)).sort();

const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;

const MISSING = 'missing';

/** Customers by the name of their group. */
function countBy(
  values: readonly InputValue[],
  labels: Uint8Array,
  nameOf: (value: string | number | boolean) => string,
): Map<string, Group> {
  const groups = new Map<string, { name: string; rows: number; churned: number }>();
  values.forEach((value, row) => {
    const name = value === null ? MISSING : nameOf(value);
    const group = groups.get(name) ?? { name, rows: 0, churned: 0 };
    if (group.rows === 0) groups.set(name, group);
    group.rows += 1;
    group.churned += labels[row]!;
  });
  return groups;
}

/** The most frequent levels first; rare ones as one group. */
function levels(values: readonly InputValue[], labels: Uint8Array): Group[] {
  const counted = countBy(values, labels, (value) => `=${String(value)}`);
  const missing = counted.get(MISSING);
  counted.delete(MISSING);
  const present = [...counted.values()]
    .map((group) => ({ ...group, name: group.name.slice(1) }))
    .sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
  const listed = present.filter(({ rows }, i) => i < MAX_LEVELS && rows >= MIN_ROWS);
  const rest = present.slice(listed.length);
  const sum = (key: 'rows' | 'churned'): number => rest.reduce((total, group) => total + group[key], 0);
  const others = { name: `${String(rest.length)} others`, rows: sum('rows'), churned: sum('churned') };
  return [...listed, ...(rest.length > 0 ? [others] : []), ...(missing === undefined ? [] : [missing])];
}

/** Single values if they are few, else ranges with about as many customers each. */
function ranges(values: readonly InputValue[], labels: Uint8Array, sorted: Float64Array): Group[] {
  const distinct = [...new Set(sorted)];
  const isFew = distinct.length <= MAX_VALUES;
  const edges = isFew ? distinct.slice(0, -1) : quantileCuts(sorted, RANGES);
  const names = isFew ? distinct.map(String) : [...edges, Infinity].map((edge, i) => rangeName(edges[i - 1], edge)); // prettier-ignore
  const placeOf = (value: number): number => {
    const at = edges.findIndex((edge) => value <= edge);
    return at < 0 ? edges.length : at;
  };
  const groups = countBy(values, labels, (value) => names[placeOf(Number(value))]!);
  return [...new Set([...names, MISSING])].flatMap((name) => groups.get(name) ?? []);
}

function rangeName(below: number | undefined, edge: number): string {
  if (below === undefined) return `up to ${short(edge)}`;
  return edge === Infinity ? `above ${short(below)}` : `above ${short(below)}, up to ${short(edge)}`;
}

/** A number with six digits that count. */
export const short = (value: number): string => String(Number(value.toPrecision(6)));
