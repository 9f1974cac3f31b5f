/** Lag in seconds, as old as it is at the scrape: the last look at the broker is up to half a second back. */
import { measureAtScrape } from './at-scrape.ts';
import type { Metrics } from './metrics.io.ts';

type Labels = Readonly<Record<'topic' | 'partition', string | number>>;
type LagSeconds = Metrics['lagSeconds'];

/** Since when something waits, milliseconds since 1970; undefined: nothing does. */
interface Waiting {
  readonly labels: Labels;
  readonly sinceMs: number | undefined;
}

/** One for each gauge, whatever number of roles uses it. */
const waitingOf = new WeakMap<LagSeconds, Map<string, Waiting>>();

const keyOf = ({ topic, partition }: Labels): string => `${String(partition)}/${String(topic)}`;

/** Shows the age of what waits in a partition, from now on until it is set again or removed. */
export function setLagAge(gauge: LagSeconds, labels: Labels, ageMs: number, now: () => number): void {
  let waiting = waitingOf.get(gauge);
  if (waiting === undefined) {
    const shown = new Map<string, Waiting>();
    waitingOf.set(gauge, (waiting = shown));
    measureAtScrape(gauge, () => {
      for (const { labels: of, sinceMs } of shown.values())
        gauge.set(of, sinceMs === undefined ? 0 : Math.max(0, now() - sinceMs) / 1000);
    });
  }
  waiting.set(keyOf(labels), { labels, sinceMs: ageMs === 0 ? undefined : now() - ageMs });
}

/** A partition that has no lag here any more. */
export function removeLagAge(gauge: LagSeconds, labels: Labels): void {
  waitingOf.get(gauge)?.delete(keyOf(labels));
  gauge.remove(labels);
}
