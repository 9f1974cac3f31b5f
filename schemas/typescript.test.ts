import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSchemas } from './generate.io.ts';
import { generateTypeScript } from './typescript.ts';

test('generated.ts is what the .avsc files give (else: npm run generate)', () => {
  const written = readFileSync(join(import.meta.dirname, 'generated.ts'), 'utf8');
  expect(written).toBe(generateTypeScript(readSchemas(import.meta.dirname)));
});
