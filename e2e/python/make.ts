/** `make python`: the Python environments of tests and benchmarks, or those that are named. */
import { makeEnvironment, REQUIREMENTS, type Environment } from './environment.ts';

const named = process.argv.slice(2);
const all = Object.keys(REQUIREMENTS) as Environment[];
for (const environment of all.filter((name) => named.length === 0 || named.includes(name))) {
  try {
    await makeEnvironment(environment, (line) => console.error(line));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`no Python environment "${environment}", what needs it is skipped: ${reason}`);
    process.exitCode = 1;
  }
}
