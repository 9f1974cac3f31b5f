/** Inner edges of at most `groups` groups with about as many values each, ascending; equal edges are one. */
export function quantileCuts(values: readonly number[] | Float64Array, groups: number): number[] {
  const sorted = Float64Array.from(values).sort();
  const cuts = new Set<number>();
  for (let i = 1; i < groups; i++) {
    const cut = sorted[Math.ceil((i * sorted.length) / groups) - 1];
    if (cut !== undefined && cut !== sorted[sorted.length - 1]) cuts.add(cut);
  }
  return [...cuts];
}
