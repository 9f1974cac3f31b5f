/** Sums of drift counts: what a pane, a block of panes or a window holds. Each merges by addition. */
import type { DriftCounts } from '../schemas/generated.ts';
import { mergeCounts } from './counts.ts';
import { CUSTOMER_COUNTERS } from './customers.ts';

/** Counts of one stretch of the log, series by series in the profile's order (score last). */
export interface Pane {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly events: number;
  /** Earliest and latest of its records' greatest event times, milliseconds since 1970: partitions are not read in step. */
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
  readonly counts: readonly (readonly number[])[];
  /** Events by a hash of the customer. Empty: no record had them. */
  readonly customers: readonly number[];
  /** Sum of contributions by series, log-odds; of the score: of the margins above the base margin. */
  readonly contributions: readonly number[];
}

/** The pane of one record. */
export function paneOf(record: DriftCounts, offset: number): Pane {
  const { events, maxTimestamp, series } = record;
  const contributions = series.map(({ contributionSum }) => contributionSum);
  const customers = record.customers.length === CUSTOMER_COUNTERS ? record.customers : [];
  // Scorers that count no customers sum up no margins.
  if (customers.length === 0)
    contributions[series.length - 1] = contributions.slice(0, -1).reduce((a, b) => a + b, 0);
  return {
    ...{ firstOffset: offset, lastOffset: offset, events, customers, contributions },
    ...{ minTimestamp: maxTimestamp, maxTimestamp, counts: series.map(({ counts }) => counts) },
  };
}

/** Adds the later of two. */
export function mergePanes(a: Pane, b: Pane): Pane {
  return {
    firstOffset: a.firstOffset,
    lastOffset: b.lastOffset,
    events: a.events + b.events,
    minTimestamp: Math.min(a.minTimestamp, b.minTimestamp),
    maxTimestamp: Math.max(a.maxTimestamp, b.maxTimestamp),
    counts: a.counts.map((series, i) => mergeCounts(series, b.counts[i]!)),
    customers: a.customers.length === 0 ? b.customers : b.customers.length === 0 ? a.customers : mergeCounts(a.customers, b.customers), // prettier-ignore
    contributions: a.contributions.map((sum, i) => sum + b.contributions[i]!),
  };
}

/** The sum of some panes, of which there is at least one. */
export const sumPanes = (panes: readonly Pane[]): Pane => panes.reduce(mergePanes);

/** Contributions to a millionth: they are written with every verdict. */
export const rounded = (pane: Pane): Pane => ({
  ...pane,
  contributions: pane.contributions.map((sum) => Math.round(sum * 1e6) / 1e6),
});
