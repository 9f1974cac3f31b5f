import { expect, test } from 'vitest';
import { GENERATED, presentText } from './generate.ts';

test.each(Object.entries(GENERATED))('%s is up to date (else: npm run generate)', (file, generate) => {
  const written = presentText(file);
  expect(written).toBe(generate(written));
});
