/** What every refusal of a file says: which file, where in it, what is wrong and what to do. */

/** A value as messages show it: quoted, and shortened to 40 characters. */
export const shown = (text: string): string =>
  JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** @param where line and column, or the part of the file. */
export const fileError = (file: string, where: string, what: string): Error =>
  new Error(`${file}:\n  ${where}: ${what}`);
