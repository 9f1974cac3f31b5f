import type { Gauge } from 'prom-client';

/** Has a gauge looked after at each scrape: `measure` sets or removes its samples. Whoever comes later takes over. */
export function measureAtScrape<L extends string>(gauge: Gauge<L>, measure: () => void): void {
  // What the constructor's option of this name sets: here the one who measures comes after the gauge.
  Object.assign(gauge, { collect: measure });
}
