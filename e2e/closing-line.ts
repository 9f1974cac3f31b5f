import type { TestModule } from 'vitest/node';

/** What the last line of `make test` counts. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** Of a test module, what counting needs. */
export type CountedModule = Pick<TestModule, 'ok'> & {
  readonly children: Pick<TestModule['children'], 'allTests'>;
};

/** Counts tests; a file that did not load is a failure of its own, and so is a run without any test. */
export function tallyOf(modules: readonly CountedModule[], strayFaults: number): Tally {
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
  if (strayFaults > 0 || tally.passed + tally.failed === 0) tally.failed += 1;
  return tally;
}

/** The last line, alone: people and CI read it. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`;
}

/** Of a test module, what naming its failed tests needs. */
export type NamedModule = Pick<TestModule, 'relativeModuleId' | 'errors'> & {
  readonly children: Pick<TestModule['children'], 'allTests'>;
};
const MOST_NAMED = 30;
const WORDS = 200;

/** A line for each failed test, just above the last: of a long output often only the end is kept. */
export function failedLines(modules: readonly NamedModule[]): string {
  const lines = modules.flatMap((module) => [
    ...module.errors().map(({ message }) => failed(module.relativeModuleId, message)),
    ...[...module.children.allTests('failed')].map((test) =>
      failed(`${module.relativeModuleId} > ${test.fullName}`, test.result().errors?.[0]?.message ?? ''),
    ),
  ]);
  return lines.slice(0, MOST_NAMED).join('');
}

const failed = (where: string, message: string): string =>
  `failed: ${where}: ${message.split('\n')[0]!.slice(0, WORDS)}\n`;
