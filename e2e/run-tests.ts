/** `make test`: runs the suite and ends with one line, alone: `N passed, N failed, N skipped`. */
import { startVitest, type Reporter } from 'vitest/node';
import { closingLine, failedLines, tallyOf, type Tally } from './closing-line.ts';

// `make test` has just built it.
process.env['BANKCHURN_COMPILED'] = '1';

let tally: Tally = { passed: 0, failed: 1, skipped: 0 };
let isOver = false;
let closingFaults = 0;
let named = '';

// Also where something ends the run before its time: a setup that exits, a fault nobody caught.
process.on('exit', () => {
  if (isOver) return;
  process.stdout.write(closingLine(tally));
  process.exitCode = 1;
});

/** Vitest tells of a failed teardown (a broker that did not stop) by its log alone. */
const teardownWatcher: Reporter = {
  onInit: ({ logger }) => {
    const complain = logger.error.bind(logger);
    logger.error = (...words: unknown[]) => {
      if (words[0] === 'error during close') closingFaults += 1;
      complain(...words);
    };
  },
};

try {
  const options = { run: true, watch: false, reporters: ['default', teardownWatcher] };
  const vitest = await startVitest('test', process.argv.slice(2), options);
  await vitest.close();
  const strayFaults = vitest.state.getUnhandledErrors().length + closingFaults;
  const modules = vitest.state.getTestModules();
  tally = tallyOf(modules, strayFaults);
  named = failedLines(modules);
} catch (error) {
  console.error(error);
}
isOver = true;
process.stdout.write(named + closingLine(tally), () => process.exit(tally.failed > 0 ? 1 : 0));
