/** How often each text of a column is there; bounded. */
export interface Tally {
  /** Exact while `isComplete`; else of the texts that are most frequent, and a little too low. */
  readonly counts: ReadonlyMap<string, number>;
  /** Whether no text was ever dropped. */
  isComplete(): boolean;
  add(text: string): void;
}

/**
 * Counts texts. When there are too many different ones, the rarer half is dropped.
 *
 * @param limit of different texts that are held.
 */
export function createTally(limit: number): Tally {
  const counts = new Map<string, number>();
  let isComplete = true;
  const dropRarer = (): void => {
    isComplete = false;
    const ranked = [...counts].sort((a, b) => b[1] - a[1]);
    for (const [text] of ranked.slice(Math.floor(limit / 2))) counts.delete(text);
  };
  return {
    counts,
    isComplete: () => isComplete,
    add: (text) => {
      const count = counts.get(text);
      if (count === undefined && counts.size >= limit) dropRarer();
      counts.set(text, (count ?? 0) + 1);
    },
  };
}

/** Texts with their counts, the most frequent first; of equal ones the smaller text. */
export const ranked = (counts: ReadonlyMap<string, number>): (readonly [text: string, count: number])[] =>
  [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
