/** `make environments`: what some tests and benchmarks use besides Node and Java; all of it, or what is named. */
import { installNode } from './other-node.ts';
import { installPython, REQUIREMENTS, type PythonEnvironment } from './python.ts';
import { messageOf } from '../../schemas/errors.ts';

const say = (line: string): void => console.error(line);
const known: Record<string, () => Promise<void>> = { node: () => installNode(say) };
for (const name of Object.keys(REQUIREMENTS) as PythonEnvironment[])
  known[name] = () => installPython(name, say);

const named = process.argv.slice(2);
for (const name of named.length > 0 ? named : Object.keys(known)) {
  try {
    const install = known[name];
    if (install === undefined) throw new Error(`there are ${Object.keys(known).join(', ')}`);
    await install();
  } catch (error) {
    const reason = messageOf(error);
    say(`no environment "${name}", what needs it is skipped: ${reason}`);
    process.exitCode = 1;
  }
}
