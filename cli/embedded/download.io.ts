import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KAFKA_VERSION, renderPom } from './artifacts.ts';
import type { Fill } from './cache.io.ts';
import type { Supervisor } from './supervisor.io.ts';

const PROGRESS_EVERY_MS = 5000;
const TIMEOUT_MS = 900_000;

/**
 * Fills a folder with one call of `mvn`, as the machine configures it: it knows how to reach its repository.
 *
 * @throws Error with Maven's own error lines, or after 15 minutes.
 */
export function downloadWith(supervisor: Supervisor, onProgress: (line: string) => void): Fill {
  return async (folder) => {
    const begun = Date.now();
    const what = `downloading Apache Kafka ${KAFKA_VERSION} and the schema registry (190 MiB, once)`;
    onProgress(what);
    const timer = setInterval(() => {
      onProgress(`${what} … ${String(Math.round((Date.now() - begun) / 1000))} s`);
    }, PROGRESS_EVERY_MS);
    try {
      await runMaven(supervisor, folder);
    } finally {
      clearInterval(timer);
    }
  };
}

async function runMaven(supervisor: Supervisor, folder: string): Promise<void> {
  const pom = join(folder, 'pom.xml');
  const logFile = join(folder, 'mvn.log');
  await writeFile(pom, renderPom(folder));
  const args = ['-B', '-q', '-ntp', '-f', pom, 'process-resources'];
  const maven = await supervisor.start({ command: 'mvn', args, logFile });
  const timer = setTimeout(() => void maven.stop(), TIMEOUT_MS);
  const code = await maven.exited;
  clearTimeout(timer);
  if (code !== 0)
    throw new Error(`mvn ended with exit code ${String(code)}:\n  ${await errorLines(logFile)}`);
  for (const own of [pom, logFile, join(folder, 'target')]) await rm(own, { recursive: true, force: true });
}

async function errorLines(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n');
  const errors = lines.filter((line) => line.includes('ERROR'));
  return (errors.length > 0 ? errors : lines).slice(0, 12).join('\n  ');
}
