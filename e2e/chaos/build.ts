/** Compiles the failing service: started from the sources it would take seconds and a hundred MiB more at each start. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../cli/context.ts';

let built: string | undefined;

/** Returns the program, compiled once in a process. */
export const buildFailingService = (): string => (built ??= compile());

function compile(): string {
  const root = packageRoot();
  const out = join(root, 'dist/chaos');
  const options = ['--noEmit', 'false', '--outDir', out, '--rootDir', root, '--incremental', '--tsBuildInfoFile', join(out, 'info')];
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'e2e/tsconfig.service.json', ...options], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the failing service does not compile:\n${stdout}`);
  return join(out, 'e2e/failing-service.js');
} // prettier-ignore
