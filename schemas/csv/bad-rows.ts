/** Rows that cannot be read: the end of the reading, or skipped and counted. */
import type { RowErrors } from './customer.ts';

/** What to do about rows that cannot be read. */
export const BAD_ROWS = ['fail', 'skip'] as const;
export type BadRowsRule = (typeof BAD_ROWS)[number];

/** Errors that are shown. */
const MOST_SHOWN = 10;

export interface BadRowsOptions {
  /** Of the file, for messages. */
  readonly name: string;
  readonly rule: BadRowsRule;
  /** Errors after which the reading ends under `fail`. */
  readonly patience: number;
}

/** Counts the bad rows of one file. */
export interface BadRows {
  /**
   * Takes what is wrong with one row.
   *
   * @throws Error with the first errors, if the rule is `fail` and `patience` is at its end.
   */
  add(errors: RowErrors): void;
  /**
   * At the end of the file.
   *
   * @param rows of the file, good and bad. @returns what is to be said of skipped rows, if there are any.
   * @throws Error with the first errors: under `fail` for any, under `skip` if more than half of the rows are bad.
   */
  end(rows: number): string | undefined;
}

export function countBadRows({ name, rule, patience }: BadRowsOptions): BadRows {
  const shown: string[] = [];
  let [count, errors] = [0, 0];
  const list = (): string =>
    shown.map((error) => `\n  ${error}`).join('') + (errors > shown.length ? '\n  …' : '');
  const fail = (): Error => new Error(`${name}:${shown.map((error) => `\n  ${error}`).join('')}`);
  return {
    add: (row) => {
      count += 1;
      errors += row.length;
      shown.push(...row.slice(0, MOST_SHOWN - shown.length));
      if (rule === 'fail' && errors >= patience) throw fail();
    },
    end: (rows) => {
      if (count === 0) return undefined;
      if (rule === 'fail') throw fail();
      const counted = `${String(count)} of ${String(rows)} rows`;
      if (count * 2 > rows)
        throw new Error(`${name}:\n  ${counted} cannot be read, more than half: correct the file${list()}`);
      return `${name}: ${counted} skipped:${list()}`;
    },
  };
}
