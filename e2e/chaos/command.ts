/** What `make chaos` and `make chaos-controls` share: settings from the environment, and a clean Ctrl-C. */

/**
 * A whole number from the environment.
 *
 * @throws Error where it is something else, or out of range.
 */
export function setting(name: string, fallback: number, from: number, to: number): number {
  const text = process.env[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < from || value > to)
    throw new Error(`${name} is "${text}": must be a whole number from ${String(from)} to ${String(to)}`);
  return value;
}

/** Runs it, and ends with its exit code: 2 and one line where it throws, 130 after Ctrl-C (all that was started has ended), at once at the second. */
export async function runCommand(command: (signal: AbortSignal) => Promise<number>): Promise<never> {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130);
    process.stderr.write('ending what was started (again: at once)\n');
    stop.abort(new Error('stopped'));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const code = await command(stop.signal).catch((error: unknown) => {
    process.stderr.write(`${(error as Error).message}\n`);
    return stop.signal.aborted ? 130 : 2;
  });
  process.exit(code);
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
