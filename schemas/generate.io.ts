/** `npm run generate`: writes `schemas/generated.ts` from `schemas/*.avsc`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateTypeScript } from './typescript.ts';

/** All `.avsc` files of a folder, by record name. */
export function readSchemas(folder: string): Record<string, unknown> {
  const schemas: Record<string, unknown> = {};
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.avsc'))) {
    const schema = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { name: string };
    schemas[schema.name] = schema;
  }
  return schemas;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(
    join(import.meta.dirname, 'generated.ts'),
    generateTypeScript(readSchemas(import.meta.dirname)),
  );
}
