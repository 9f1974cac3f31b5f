/** Keeps lines about the same trouble to one in a while. */
export interface Pace {
  /** How many were passed over since the last one that was told; undefined: pass over this one too. */
  next(nowMs: number): number | undefined;
}

export function createPace(everyMs: number): Pace {
  let last = -Infinity;
  let passed = 0;
  return {
    next: (nowMs) => {
      if (nowMs - last < everyMs) {
        passed += 1;
        return undefined;
      }
      last = nowMs;
      const before = passed;
      passed = 0;
      return before;
    },
  };
}
