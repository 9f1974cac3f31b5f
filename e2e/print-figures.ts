/** `make check`: prints the figures of the house, exit 1 if one breaks its limit. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import ts from 'typescript';
import { measure, report } from './house-figures.ts';

/** The files of the project, as the compiler sees them. */
function projectFiles(): string[] {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => readFileSync(path, 'utf8')) as {
    config: unknown;
  };
  return ts.parseJsonConfigFileContent(config, ts.sys, '.').fileNames.map((path) => relative('.', path));
}

/** Import cycles that the rule of dependency-cruiser finds, each as its path. */
async function importCycles(): Promise<string[]> {
  const { output } = await cruise(['.'], await extractOptions('./.dependency-cruiser.cjs'));
  const { violations } = (output as ICruiseResult).summary;
  return violations
    .filter(({ rule }) => rule.name === 'no-cycles')
    .map(({ from, cycle }) => [from, ...(cycle ?? []).map(({ name }) => name)].join(' → '));
}

const files = projectFiles().map((path) => ({ path, text: readFileSync(path, 'utf8') }));
const { text, isKept } = report(measure(files), await importCycles());
process.stdout.write(text);
process.exitCode = isKept ? 0 : 1;
