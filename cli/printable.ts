import { printable } from '../schemas/printable.ts';

/** Writes lines of data to stdout. Returns false if the reader is slow: wait for `drain`. */
export function print(lines: string | readonly string[]): boolean {
  return process.stdout.write(
    [lines]
      .flat()
      .map((line) => `${printable(line)}\n`)
      .join(''),
  );
}
