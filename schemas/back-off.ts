/** Waits that double from the first to the longest, milliseconds. */
export interface BackOff {
  readonly first: number;
  readonly longest: number;
}

/** The wait after `failures` failed tries in a row (0 = after the first), milliseconds. */
export const backOff = ({ first, longest }: BackOff, failures: number): number =>
  Math.min(first * 2 ** failures, longest);
