/** What a verdict says about a drift: which bins moved, and which features move the scores. */
import type { Manifest, SeriesProfile } from '../models/manifest.ts';
import { regularBins, SPECIAL_BINS } from './bins.ts';
import type { Pane } from './pane.ts';
import { expectedOf, type WindowTest } from './window-test.ts';

type Profile = Manifest['profile'];

/** A bin whose share has moved. */
export interface BinMove {
  readonly series: string;
  /** A range, a category, `missing`, `unseen` or `out of range`. */
  readonly bin: string;
  /** Shares in the profile and in the window, 0..1. */
  readonly expected: number;
  readonly found: number;
}

/** Drifted series that are explained: those with the largest effects. */
const SERIES_SHOWN = 10;
/** Bins of a series that are shown: those that moved most; and any of the special ones that moved by so much. */
const [BINS_SHOWN, SPECIAL_MOVE] = [3, 0.002];

/** What a bin holds. Ranges are half open: above the lower edge, up to and with the upper one. */
export function binName({ kind, edges, categories, counts }: SeriesProfile, bin: number): string {
  const regular = regularBins({ kind, edges, categories });
  if (bin >= regular) return SPECIAL_BINS[bin - regular] ?? `bin ${String(bin)} of ${String(counts.length)}`;
  if (kind === 'categorical') return categories[bin]!;
  const [above, upTo] = [edges[bin - 1], edges[bin]];
  if (above === undefined) return upTo === undefined ? 'any number' : `up to ${show(upTo)}`;
  return upTo === undefined ? `above ${show(above)}` : `${show(above)} to ${show(upTo)}`;
}

const show = (edge: number): string => String(Number(edge.toPrecision(6)));

/** The bins that moved most, of each series that drifted, by how far they moved. */
export function explainMoves(window: Pane, { series }: WindowTest, profile: Profile): BinMove[] {
  const expected = expectedOf(profile);
  return [...series.keys()]
    .filter((i) => series[i]!.drifted)
    .sort((a, b) => series[b]!.effect - series[a]!.effect)
    .slice(0, SERIES_SHOWN)
    .flatMap((i) => movesOf(expected[i]!, window.counts[i]!));
}

function movesOf(profile: SeriesProfile, found: readonly number[]): BinMove[] {
  const rows = profile.counts.reduce((a, b) => a + b, 0);
  const events = found.reduce((a, b) => a + b, 0);
  const regular = regularBins(profile);
  const size = ({ expected, found: share }: BinMove): number => Math.abs(share - expected);
  return found
    .map((count, bin) => {
      const shares = { expected: profile.counts[bin]! / rows, found: count / events };
      return { bin, move: { series: profile.name, bin: binName(profile, bin), ...shares } };
    })
    .sort((a, b) => size(b.move) - size(a.move) || a.bin - b.bin)
    .filter(({ bin, move }, i) =>
      i < BINS_SHOWN ? size(move) > 0 : bin >= regular && size(move) >= SPECIAL_MOVE,
    ) // prettier-ignore
    .map(({ move }) => move);
}

/** Contributions of events without drift, summed: what a shift is measured from. */
export type Reference = Pick<Pane, 'events' | 'contributions'>;

/** How far the mean margin has moved, log-odds, and by which features. */
export interface MarginShift {
  /** Events of this activation without drift that it is measured from; 0: the base margin of the model. */
  readonly referenceEvents: number;
  /** Of the mean margin. */
  readonly margin: number;
  /** What of it the features do not explain: rounding. */
  readonly residual: number;
  /** In the profile's order; they add up to the margin's. */
  readonly features: readonly { readonly name: string; readonly shift: number }[];
}

/** A feature's part in a shift, and whether its own values have drifted. */
export interface FeatureShift {
  readonly name: string;
  readonly shift: number;
  readonly drifted: boolean;
}

/** Features by what they did to the scores: those that drifted first, for the others moved by chance or along with them. */
export const rankShifts = (features: readonly FeatureShift[]): FeatureShift[] =>
  [...features].sort(
    (a, b) => Number(b.drifted) - Number(a.drifted) || Math.abs(b.shift) - Math.abs(a.shift),
  );

/** Fewer events say too little about a stream without drift. */
const LEAST_REFERENCE = 2000;

/**
 * The exact decomposition of the shift of the mean margin by feature. Contributions of a row are Shapley values and add up to its
 * margin above the base margin (Lundberg and Lee 2017, arXiv:1705.07874), so their means add up to the mean's.
 */
export function explainShift(window: Pane, reference: Reference | null, { features }: Profile): MarginShift {
  const from = reference !== null && reference.events >= LEAST_REFERENCE ? reference : undefined;
  const shifts = window.contributions.map(
    (sum, i) => sum / window.events - (from === undefined ? 0 : from.contributions[i]! / from.events),
  );
  const margin = shifts[features.length]!;
  const byFeature = features.map(({ name }, i) => ({ name, shift: shifts[i]! }));
  const explained = byFeature.reduce((sum, { shift }) => sum + shift, 0);
  return { referenceEvents: from?.events ?? 0, margin, residual: margin - explained, features: byFeature };
}
