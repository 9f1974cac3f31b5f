/** Whether the monitor's state fits into a verdict: its size is known from the model and the rule, before anything is counted. */
import { LIMITS } from '../models/limits.ts';
import type { Manifest } from '../models/manifest.ts';
import { regularBins, SPECIAL_BINS } from './bins.ts';
import type { DriftRule } from './monitor.ts';

/** Of a verdict besides its series and panes; and of one series in the index, its name aside. */
const [VERDICT_BYTES, INDEX_BYTES] = [4000, 50];
/** Of a pane besides its counts: offsets, times, brackets. */
const PANE_BYTES = 200;
/** Events of a pane beyond those that close it: of the last record. */
const MORE_EVENTS = 1000;

/**
 * Why a window is too long for a model with this profile, and what to do.
 *
 * @param version of the model.
 */
export function windowFault(
  { features, score }: Manifest['profile'],
  { paneEvents, windowPanes }: Pick<DriftRule, 'paneEvents' | 'windowPanes'>,
  version: string,
): string | undefined {
  const series = [...features, score];
  const bins = series.map((one) => regularBins(one) + SPECIAL_BINS.length);
  const paneBytes = bins.reduce((sum, n) => sum + countsBytes(n, paneEvents + MORE_EVENTS), PANE_BYTES);
  const names = series.reduce((sum, { name }) => sum + name.length + INDEX_BYTES, 0);
  const most = Math.floor((LIMITS.verdictBytes - VERDICT_BYTES - names) / paneBytes);
  if (windowPanes <= most) return undefined;
  return (
    `drift.windowPanes is ${String(windowPanes)}: with the ${String(bins.reduce((a, b) => a + b))} bins of model ${version} the state of so many panes ` +
    `may have more than the ${String(LIMITS.verdictBytes)} bytes of a verdict: set it to ${String(most)} at most`
  );
}

/** Characters of so many counts with that sum at most, as JSON: few of them have as many digits as the sum. */
function countsBytes(bins: number, sum: number): number {
  let characters = 3 + bins;
  for (let least = 1; least <= sum; least *= 10) characters += Math.min(bins, Math.floor(sum / least));
  return characters;
}
