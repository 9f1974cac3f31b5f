/** The story of a world, for whoever looks for the reason of a violation. */

export type Say = (line: string) => void;

/** The same object; each call of the methods named is said, with what it was given and what came of it. */
export function told<T extends object>(target: T, methods: readonly (keyof T & string)[], say: Say): T {
  const heard: Record<string, unknown> = {};
  for (const name of methods) {
    const method = target[name] as (...given: unknown[]) => unknown;
    heard[name] = (...given: unknown[]): unknown => {
      const line = `    ${name} ${JSON.stringify(given)}`;
      try {
        const result = method(...given);
        say(`${line} → ${typeof result === 'symbol' ? 'again' : (JSON.stringify(result) ?? 'done')}`);
        return result;
      } catch (error) {
        say(`${line} → ${String(error)}`);
        throw error;
      }
    };
  }
  return { ...target, ...heard };
}
