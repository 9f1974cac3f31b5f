import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { javaMajor } from './artifacts.ts';

const run = promisify(execFile);
const OLDEST_JAVA = 17;
const DOCKER_TIMEOUT_MS = 3000;
const TOOL_TIMEOUT_MS = 20_000;

/** What runs the broker on this machine. */
export type Runtime = { readonly kind: 'java'; readonly java: string } | { readonly kind: 'docker' };

/**
 * Java where there is one that is new enough (and Maven, where files must be fetched first), else Docker.
 *
 * @param isCached whether the files are here already, so that Maven is not needed.
 * @throws Error naming both ways.
 */
export async function findRuntime(env: NodeJS.ProcessEnv, isCached: boolean): Promise<Runtime> {
  const java = await findJava(env);
  const hasMaven = isCached || (await succeeds('mvn', ['-v'], env, TOOL_TIMEOUT_MS));
  if (java !== undefined && hasMaven) return { kind: 'java', java };
  if (await succeeds('docker', ['info'], env, DOCKER_TIMEOUT_MS)) return { kind: 'docker' };
  const missing = [...(java === undefined ? ['Java 17'] : []), ...(hasMaven ? [] : ['Maven'])].join(' and ');
  throw new Error(
    `the embedded Kafka needs Java 17 or newer and Maven, or a running Docker, and found neither (missing: ${missing}): ` +
      'install Java and Maven (Debian: apt-get install openjdk-17-jre-headless maven), start Docker, ' +
      'or set KAFKA_BROKERS to a Kafka you have',
  );
}

async function findJava(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const home = env['JAVA_HOME'];
  for (const java of ['java', ...(home ? [join(home, 'bin/java')] : [])]) {
    const answer = await run(java, ['-version'], { env, timeout: TOOL_TIMEOUT_MS }).catch(() => undefined);
    if (answer !== undefined && (javaMajor(answer.stderr + answer.stdout) ?? 0) >= OLDEST_JAVA) return java;
  }
  return undefined;
}

async function succeeds(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<boolean> {
  return run(command, args, { env, timeout, maxBuffer: 1e7 }).then(
    () => true,
    () => false,
  );
}
