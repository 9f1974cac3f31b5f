import { expect, test } from 'vitest';
import { filesThatRun } from './imports.ts';

const SOURCES: Readonly<Record<string, string>> = {
  'a/entry.ts': [
    "import { one } from './one.ts';",
    "import type { T } from './types.ts';",
    "import { type U } from './only-types.ts';",
    "import { two, type V } from '../b/two.ts';",
    "import './effect.ts';",
    "import * as all from '../b/all.ts';",
    "export { three } from './three.ts';",
    "export type { W } from './exported-types.ts';",
    "import { readFile } from 'node:fs';",
    "// import { no } from './comment.ts';",
  ].join('\n'),
  'a/one.ts': "import { two } from '../b/two.ts';",
  'b/two.ts': "import { entry } from '../a/entry.ts';",
  'a/effect.ts': '',
  'b/all.ts': '',
  'a/three.ts': '',
};

test('what runs is the closure of the imports, without types, packages and comments; a cycle ends', () => {
  const asked: string[] = [];
  const files = filesThatRun(['a/entry.ts'], (path) => {
    asked.push(path);
    return SOURCES[path]!;
  });
  expect(files).toEqual(['a/effect.ts', 'a/entry.ts', 'a/one.ts', 'a/three.ts', 'b/all.ts', 'b/two.ts']);
  expect(asked).toHaveLength(files.length);
});
