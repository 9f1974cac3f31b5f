/** What a faulty customer schema is made of: a good one, and ways to spoil it. */

/** One faulty file. */
export interface SchemaCase {
  readonly kind: string;
  readonly input: string;
  readonly text: string;
  /** Each error, or what is said of the whole file. */
  readonly back: readonly string[];
}

const LINES = [
  'version: 1',
  'name: cards',
  'inputs:',
  '  - { name: age, type: integer }',
  '  - { name: plan, type: category }',
  '  - { name: active, type: boolean }',
  'label: { name: Left, churned: [yes], stayed: [no] }',
];
/** A schema without errors. */
export const BASE = `${LINES.join('\n')}\n`;

/** The schema with one line replaced, from 1. */
export const line = (at: number, text: string): string => `${LINES.with(at - 1, text).join('\n')}\n`;
/** The schema with further lines. */
export const more = (...lines: string[]): string => `${[...LINES, ...lines].join('\n')}\n`;
/** A schema of these inputs alone. */
export const inputs = (...lines: string[]): string => `${[...LINES.slice(0, 3), ...lines].join('\n')}\n`;
/** `name0,name1,…` */
export const numbered = (name: string, count: number): string =>
  Array.from({ length: count }, (_, i) => name + String(i)).join();
