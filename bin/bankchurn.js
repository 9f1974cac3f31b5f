#!/usr/bin/env node
// The compiled program; `make install` builds it.
import { existsSync } from 'node:fs';
const built = new URL('../dist/cli/bankchurn.js', import.meta.url);
if (!existsSync(built)) {
  process.stderr.write('bankchurn is not built yet: run `make install`\n');
  process.exit(1);
}
const { main } = await import(built.href);
await main(process.argv);
