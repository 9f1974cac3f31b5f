/** Sections of docs/bad-inputs.md that are made of the tables which the tests run. */
export interface BadInputRow {
  readonly kind: string;
  readonly input: string;
  /** What comes back. */
  readonly back: string;
}

const cellOf = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', '<br>');

/** A table in Markdown. */
export const renderSection = (rows: readonly BadInputRow[]): string =>
  [
    '| kind | input | what comes back |',
    '| --- | --- | --- |',
    ...rows.map(({ kind, input, back }) => `| ${kind} | ${cellOf(input)} | ${cellOf(back)} |`),
  ].join('\n');

const marks = (name: string): [string, string] => [
  `<!-- ${name}: made by the tests -->\n<!-- prettier-ignore-start -->\n\n`,
  `\n\n<!-- prettier-ignore-end -->\n<!-- /${name} -->`,
];

/** The section of a document, undefined if it has none. */
export function sectionOf(document: string, name: string): string | undefined {
  const [start, end] = marks(name);
  const from = document.indexOf(start);
  const to = document.indexOf(end, from);
  return from < 0 || to < 0 ? undefined : document.slice(from + start.length, to);
}

/** The document with a section replaced. */
export function withSection(document: string, name: string, section: string): string {
  const old = sectionOf(document, name);
  if (old === undefined) throw new Error(`the document has no section ${name}`);
  const [start, end] = marks(name);
  return document.replace(start + old + end, () => start + section + end);
}
