/** Where a partition ended at some moments: by that it is known when an offset was appended, to the time between two of them. */

/** The partition ended at `end` from `fromMs` to `toMs`, as far as it was looked at; milliseconds since 1970. */
interface Sample {
  readonly end: number;
  readonly fromMs: number;
  readonly toMs: number;
}
/** Ascending. */
export type EndSamples = readonly Sample[];

/** More are thinned. */
const MOST_SAMPLES = 128;

/** Adds a look at the end. What only tells of offsets before `next` is dropped. */
export function addSample(samples: EndSamples, end: number, nowMs: number, next: number): EndSamples {
  const last = samples[samples.length - 1];
  const longer =
    last?.end === end
      ? [...samples.slice(0, -1), { ...last, toMs: nowMs }]
      : [...samples.filter((sample) => sample.end < end), { end, fromMs: nowMs, toMs: nowMs }];
  const before = longer.findLastIndex((sample) => sample.end <= next);
  const needed = longer.slice(Math.max(0, before));
  if (needed.length <= MOST_SAMPLES) return needed;
  // The first two say when what comes next was appended.
  return needed.filter((_, i) => i < 2 || i % 2 === 0 || i === needed.length - 1);
}

/** Between which moments an offset was appended. `afterMs` undefined: it was there at the first look. */
export function appendedBetween(
  samples: EndSamples,
  offset: number,
): { readonly afterMs: number | undefined; readonly beforeMs: number } | undefined {
  const beforeMs = samples.find(({ end }) => end > offset)?.fromMs;
  if (beforeMs === undefined) return undefined;
  return { afterMs: samples.findLast(({ end }) => end <= offset)?.toMs, beforeMs };
}
