/** Groups of customers for the fairness report, as the customer schema wants them. */
import type { CustomerEvent, CustomerInput, CustomerSchema, Slice } from '../schemas/customer/schema.ts';

/** Groups of one slice at most: the largest are told apart, all others are one group. */
const MAX_GROUPS = 40;
const MISSING = 'missing';
const OTHERS = 'all others';

/** The rows of each slice by group: bands ascending, else by name; what is missing comes last. */
export function sliceRows(
  { slices, inputs }: Pick<CustomerSchema, 'slices' | 'inputs'>,
  events: readonly CustomerEvent[],
): ReadonlyMap<string, ReadonlyMap<string, readonly number[]>> {
  return new Map(
    slices.map((slice) => {
      const type = inputs.find(({ name }) => name === slice.input)?.type;
      return [slice.input, rowsByGroup(slice, type, events)];
    }),
  );
}

function rowsByGroup(
  { input, bounds }: Slice,
  type: CustomerInput['type'] | undefined,
  events: readonly CustomerEvent[],
): Map<string, number[]> {
  const names = bandNames(bounds, type === 'integer');
  const groups = new Map<string, number[]>(names.map((name) => [name, []]));
  events.forEach((event, row) => {
    const value = event[input] ?? null;
    const name =
      value === null ? MISSING : bounds.length === 0 ? String(value) : names[bandOf(Number(value), bounds)]!;
    const rows = groups.get(name);
    if (rows === undefined) groups.set(name, [row]);
    else rows.push(row);
  });
  const place = new Map(names.map((name, i) => [name, i]));
  const order = (name: string): number => (name === MISSING ? Infinity : (place.get(name) ?? -1));
  const filled = [...groups].filter(([, rows]) => rows.length > 0);
  return new Map(
    largest(filled).sort(([a], [b]) => (order(a) === order(b) ? (a < b ? -1 : 1) : order(a) - order(b))),
  );
}

/** The largest groups, and all others as one. */
function largest(groups: [string, number[]][]): [string, number[]][] {
  if (groups.length <= MAX_GROUPS) return groups;
  const ranked = groups.sort(([a, rowsA], [b, rowsB]) => rowsB.length - rowsA.length || (a < b ? -1 : 1));
  const rest = ranked.slice(MAX_GROUPS).flatMap(([, rows]) => rows);
  return [...ranked.slice(0, MAX_GROUPS), [OTHERS, rest.sort((a, b) => a - b)]];
}

function bandOf(value: number, bounds: readonly number[]): number {
  const above = bounds.findIndex((bound) => value < bound);
  return above < 0 ? bounds.length : above;
}

/** `below 30`, `30 to 39` (of whole numbers, else `30 to below 40`), …, `60 and above`. */
function bandNames(bounds: readonly number[], isWhole: boolean): string[] {
  if (bounds.length === 0) return [];
  const between = bounds.slice(1).map((bound, i) => {
    const last = isWhole && Number.isInteger(bound) ? String(bound - 1) : `below ${String(bound)}`;
    return `${String(bounds[i])} to ${last}`;
  });
  return [`below ${String(bounds[0])}`, ...between, `${String(bounds.at(-1))} and above`];
}
