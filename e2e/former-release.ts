/** The program as it was in earlier releases, unpacked from the history of this clone. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../cli/context.ts';
import type { OnEnd } from './world.ts';

/** The last commit in which the bank's ten inputs were written into the program. */
export const BEFORE_CUSTOMER_SCHEMA = 'bef60b10de7e5d3a302dfac3f70a40dac5a94446';
/** The last commit in which each partition had a transactional writer of its own, and the library's consumer was the group's member. */
export const BEFORE_SHARED_WRITER = '2277f766a9bb612a961e512255f7ecc98b132acd';

const run = promisify(execFile);

/**
 * Unpacks a former release into a folder of its own, which is removed in the end; it runs with our `node_modules`.
 *
 * @returns the folder; undefined: this clone has no such commit (a shallow clone, or no clone).
 */
export async function formerRelease(commit: string, onEnd: OnEnd): Promise<string | undefined> {
  const cwd = packageRoot();
  const isThere = await run('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd }).catch(() => undefined);
  if (isThere === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'bankchurn-former-'));
  onEnd(() => rm(folder, { recursive: true }));
  const archive = join(folder, 'former.tar');
  await run('git', ['archive', '--output', archive, commit], { cwd });
  await run('tar', ['-xf', archive, '-C', folder]);
  await symlink(join(cwd, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}
