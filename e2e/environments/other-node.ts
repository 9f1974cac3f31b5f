/** The newer Node that users run, beside the one that runs the tests. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, fillOnce, isComplete } from './cache.ts';

const VERSION = '24.21.0';
/** Its program alone, of npm's `node`: nothing is run at installation. */
const PACKAGE = `node-${process.platform}-${process.arch}`;
const FOLDER = cacheFolder(`node-${VERSION}`);
const INSTALL_MS = 5 * 60_000;

/** Node 24; undefined where it was not installed: what needs it is skipped. */
export function otherNode(): string | undefined {
  return isComplete(FOLDER) ? join(FOLDER, 'node_modules', PACKAGE, 'bin/node') : undefined;
}

/** Installs it, unless it is there. */
export async function installNode(onProgress: (line: string) => void): Promise<void> {
  const args = ['install', '--prefix', FOLDER, '--no-audit', '--no-fund', `${PACKAGE}@${VERSION}`];
  const fill = async (): Promise<void> => {
    onProgress(`installing Node ${VERSION} with npm`);
    await promisify(execFile)('npm', args, { timeout: INSTALL_MS });
  };
  await fillOnce(FOLDER, fill, onProgress);
}
