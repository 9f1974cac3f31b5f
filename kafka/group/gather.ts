/** Calls of the same moment made one: many partitions are armed at once, and one request serves them all. */

/**
 * @param work is called once for the keys of all calls that came before the microtask queue was empty, each key once.
 * @returns the result that `work` gives for the key; rejects as `work` does, or if it gives none.
 */
export function gathering<K, V>(
  work: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
): (key: K) => Promise<V> {
  let next: { readonly keys: Set<K>; readonly done: Promise<ReadonlyMap<K, V>> } | undefined;
  return async (key) => {
    if (next === undefined) {
      const keys = new Set<K>();
      const done = later().then(() => {
        next = undefined;
        return work([...keys]);
      });
      next = { keys, done };
    }
    next.keys.add(key);
    const { done } = next;
    const results = await done;
    if (!results.has(key)) throw new Error('a gathered call has no result');
    return results.get(key)!;
  };
}

/** Some turns of the microtask queue: calls that one event brings about come within them. */
async function later(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}
