import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GENERATED } from './generate.ts';

test.each(Object.entries(GENERATED))('%s is up to date (else: npm run generate)', (file, generate) => {
  const written = readFileSync(file, 'utf8');
  expect(written).toBe(generate(written));
});
