/** What every refusal of a file says: which file, where in it, what is wrong and what to do. */

/** At most 40 characters of a text. */
export const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** A value as messages show it: quoted and shortened. */
export const shown = (text: string): string => JSON.stringify(shortened(text));

/** @param where line and column, or the part of the file. */
export const fileError = (file: string, where: string, what: string): Error =>
  new Error(`${file}:\n  ${where}: ${what}`);
