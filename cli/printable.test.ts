import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable, printableMetrics } from '../schemas/printable.ts';

/** What a terminal obeys: colours, titles, the clipboard, a line deleted, text turned round, the screen's alarm. */
const ATTACKS = [
  '\x1b[31mred', '\x1b]0;title\x07', '\x1b]52;c;aGk=\x07', '\x9b2K', '\x9d0;title\x9c', '\u202egnirts', '\u2066x\u2069',
  'a\rb', 'a\nb', 'a\x08b', '\x7f', '\u2028', '\u061c', '\ufeff',
]; // prettier-ignore

test.each(ATTACKS)('nothing is left for a terminal to obey: %j', (text) => {
  expect(printable(text)).toMatch(/^[\x20-\x7e]+$/);
});

test('what is no attack stays as it is', () => {
  for (const text of ['Zoë Großmann', '客户', 'עברית', '👩‍🚀', 'a\\u001b']) expect(printable(text)).toBe(text);
});

test('metrics: lines stay, and a label holds the code of what it had', () => {
  expect(printableMetrics('# HELP\na{b="\x1b[31m"} 1\n')).toBe('# HELP\na{b="\\\\u001b[31m"} 1\n');
});

test('a line of JSON holds the same values as before', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...ATTACKS)), (text) => {
      const line = printable(JSON.stringify({ [text]: text }));
      expect(JSON.parse(line)).toEqual({ [text]: text });

      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }),
  );
});

test('commands write through `print` and `say` alone', () => {
  const files = readdirSync('cli').filter((name) => /^[^.]+(\.io)?\.ts$/.test(name));
  const writers = files.filter((name) =>
    /console\.|process\.(stdout|stderr)\.write/.test(readFileSync(join('cli', name), 'utf8')),
  );
  expect(writers.sort()).toEqual(['context.ts', 'printable.ts']);
});
