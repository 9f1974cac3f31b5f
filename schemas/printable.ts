/**
 * What a terminal obeys instead of showing: control characters (C0 with tab and newline, DEL, C1), line separators, and
 * the characters that change the direction of a text.
 */

const OBEYED = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * A line as a terminal may show it: each character that it would obey becomes `\uXXXX`. In a line of JSON that is JSON's
 * own escape, so the line holds the same values as before.
 */
export function printable(line: string): string {
  return line.replace(OBEYED, (char) => `\\${codeOf(char)}`);
}

/** The same for a text of metrics, line by line: the value of a label has a backslash as two of them. */
export function printableMetrics(text: string): string {
  return text.replace(OBEYED, (char) => (char === '\n' ? char : `\\\\${codeOf(char)}`));
}

const codeOf = (char: string): string => `u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
