/**
 * Compiles the program and the libraries that it uses into `dist/`, as few files: Node starts twice as fast as from a file for each
 * module. Types are checked by `make check`, not here.
 */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
for (const folder of ['chunks', 'cli', 'scoring', 'training'])
  await rm(`${root}/dist/${folder}`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  // What is run by itself: the program, and the entries of `schemas/entry-file.io.ts`.
  entryPoints: ['cli/bankchurn.ts', 'scoring/prove-process.io.ts', 'training/training-worker.io.ts'],
  outdir: 'dist',
  outbase: '.',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  // Native code is loaded from its package, and kafkajs from its many files: some of them are replaced before (patches/install.io.ts).
  external: ['kafkajs', 'onnxruntime-node', '@mongodb-js/zstd', '@node-rs/crc32'],
  // What libraries load in Node's older way.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  legalComments: 'linked',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: !process.argv.includes('--no-source-maps'),
  logLevel: 'warning',
});
