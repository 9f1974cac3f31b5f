/** Files of the program that are started by themselves: in a process or a thread of their own. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Whether this program runs from its sources, and not compiled. */
export const isSource = import.meta.url.endsWith('.ts');

/**
 * The path of such a file, in the sources or among what was compiled, where the code lies in other files than in the sources.
 *
 * @param name its path in the sources, without the extension: `training/training-worker.io`.
 */
export function entryFile(name: string): string {
  const file = `${name}.${isSource ? 'ts' : 'js'}`;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, file)) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, file);
}
