/** What a window of the stream says against the profile. Pure numbers; what follows from them is decided elsewhere. */
import type { Manifest } from '../models/manifest.ts';
import { agrees, compareCounts, falseDiscoveries, type Comparison } from './compare.ts';
import { SCORE_SERIES } from './counts.ts';
import { effectiveCustomers } from './customers.ts';
import type { Pane } from './pane.ts';
import { psi } from './psi.ts';
import { GONE, type DriftRule } from './rule.ts';

type Profile = Manifest['profile'];

/** One series of a window against the profile. */
export interface SeriesTest extends Comparison {
  readonly name: string;
  readonly psi: number;
  /** Significant among all series, not too small an effect, and the newest panes agree. */
  readonly drifted: boolean;
}

/** A window against the profile. */
export interface WindowTest {
  readonly events: number;
  /** The effective number of customers. */
  readonly customers: number;
  /** In the profile's order, the score last. */
  readonly series: readonly SeriesTest[];
  readonly drifted: boolean;
  /** Whether a drift that was there has gone: nothing is near the bounds. */
  readonly calm: boolean;
}

/** The series of a profile in the order of counts: the features, then the score. */
export const expectedOf = ({ features, score }: Profile) => [...features, { ...score, name: SCORE_SERIES }];

/**
 * Tests a window. Each series is compared at the window's effective number of customers.
 *
 * @param newest the newest panes: each must have moved as the window has.
 */
export function testWindow(
  window: Pane,
  newest: readonly Pane[],
  profile: Profile,
  { significance, minEffect, minCustomers }: Pick<DriftRule, 'significance' | 'minEffect' | 'minCustomers'>,
): WindowTest {
  const { events } = window;
  const customers = effectiveCustomers(window.customers, events);
  const expected = expectedOf(profile);
  const compared = expected.map(({ counts }, i) => compareCounts(counts, window.counts[i]!, customers));
  const significant = falseDiscoveries(compared.map(({ pValue }) => pValue), significance); // prettier-ignore
  const isEnough = customers >= minCustomers;
  const series = expected.map(({ name, counts }, i): SeriesTest => {
    const found = window.counts[i]!;
    const drifted =
      isEnough &&
      significant[i]! &&
      compared[i]!.effect >= minEffect &&
      newest.every((pane) => agrees(counts, found, pane.counts[i]!, customers));
    return { name, psi: psi(counts, found), ...compared[i]!, drifted };
  });
  return {
    ...{ events, customers, series },
    drifted: series.some((one) => one.drifted),
    calm: isEnough && compared.every(({ effect }) => effect < GONE * minEffect),
  };
}

/** The score's PSI in a window. */
export const scorePsiOf = ({ series }: WindowTest): number => series[series.length - 1]!.psi;
