/** Whether the monitor's state fits into a verdict: its size is known from the model and the rule, before anything is counted. */
import { LIMITS } from '../models/limits.ts';
import type { Manifest } from '../models/manifest.ts';
import { regularBins, SPECIAL_BINS } from './bins.ts';
import { CUSTOMER_COUNTERS } from './customers.ts';
import { BLOCKS, type DriftRule } from './rule.ts';

/** Series whose test is written with a verdict, at most: those with the largest effects. */
export const SERIES_WRITTEN = 100;
/** Of a verdict besides its series and panes, moves included; of one series in the index, its name aside; of its test. */
const [VERDICT_BYTES, INDEX_BYTES, TEST_BYTES] = [30_000, 70, 450];
/** Of a pane besides its counts: offsets, times, brackets; of a sum of contributions. */
const [PANE_BYTES, SUM_BYTES] = [250, 16];
/** Events of a pane beyond those that close it: of the last record. */
const MORE_EVENTS = 1000;
/** Events of a block that is closed by time. */
const EVENTS_BY_TIME = 100_000_000;

/**
 * Why a window is too long for a model with this profile, and what to do.
 *
 * @param version of the model.
 */
export function windowFault(
  { features, score }: Manifest['profile'],
  rule: Pick<DriftRule, 'paneEvents' | 'windowPanes' | 'requestEvents' | 'requestMs'>,
  version: string,
): string | undefined {
  const { paneEvents, windowPanes, requestEvents, requestMs } = rule;
  const series = [...features, score];
  const bins = series.map((one) => regularBins(one) + SPECIAL_BINS.length);
  const bytesOf = (events: number): number =>
    [...bins, CUSTOMER_COUNTERS].reduce((sum, n) => sum + countsBytes(n, events), PANE_BYTES) +
    SUM_BYTES * series.length;
  const longest = paneEvents + MORE_EVENTS;
  const blockBytes = bytesOf(requestMs > 0 ? EVENTS_BY_TIME : Math.ceil(requestEvents / BLOCKS) + longest);
  const names = series.reduce((sum, { name }) => sum + name.length + INDEX_BYTES, 0);
  const tests = Math.min(series.length, SERIES_WRITTEN) * TEST_BYTES;
  const rest = VERDICT_BYTES + names + tests + (BLOCKS + 1) * blockBytes;
  const most = Math.floor((LIMITS.verdictBytes - rest) / bytesOf(longest));
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
