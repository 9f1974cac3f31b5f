/** `make test`: runs the suite and ends with one line, alone: `N passed, N failed, N skipped`. */
import { startVitest, type TestModule } from 'vitest/node';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** Counts tests; a file that did not load is a failure of its own. */
function count(modules: readonly TestModule[]): Tally {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed' || state === 'failed' || state === 'skipped') tally[state] += 1;
      else tally.failed += 1; // never ended
    }
    const failedInside = [...module.children.allTests('failed')].length > 0;
    if (!module.ok() && !failedInside) tally.failed += 1;
  }
  return tally;
}

let tally: Tally = { passed: 0, failed: 1, skipped: 0 };
try {
  const vitest = await startVitest('test', process.argv.slice(2), { run: true, watch: false });
  tally = count(vitest.state.getTestModules());
  const errors = vitest.state.getUnhandledErrors().length;
  if (errors > 0 || tally.passed + tally.failed === 0) tally.failed += 1;
  await vitest.close();
} catch (error) {
  console.error(error);
}
const line = `${String(tally.passed)} passed, ${String(tally.failed)} failed, ${String(tally.skipped)} skipped\n`;
process.stdout.write(line, () => process.exit(tally.failed > 0 ? 1 : 0));
