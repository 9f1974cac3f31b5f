/** Waits between tries, milliseconds: the first, and the longest that doubling leads to. */
export interface BackOff {
  readonly first: number;
  readonly longest: number;
}

/** How long to wait before the next try, milliseconds: the first wait, doubled for each earlier failure in a row, up to the longest. */
export const backOff = ({ first, longest }: BackOff, failures: number): number =>
  Math.min(first * 2 ** failures, longest);
