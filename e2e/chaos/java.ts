/** Runs the oracle: Kafka's own Java client, from the jars of the embedded broker. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openCache } from '../../cli/embedded/cache.io.ts';

const SOURCE = join(import.meta.dirname, 'Oracle.java');
const FLAGS = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];

/** A command of the oracle under way. */
export interface OracleRun<Line> {
  readonly pid: number;
  /** Resolves with the last line when it ended well; rejects with its words when not. */
  readonly ended: Promise<Line | undefined>;
  /** Closes its standard input: `watch` ends then. */
  end(): void;
  /** A line on its standard input. */
  tell(line: string): void;
}

export interface Oracle {
  run<Line extends object>(args: readonly string[], onLine?: (line: Line) => void): OracleRun<Line>;
  close(): Promise<void>;
}

/** Compiles it once. */
export async function openOracle(): Promise<Oracle> {
  const { folder } = await openCache(process.env);
  const jars = join(folder, 'kafka', '*');
  const classes = await mkdtemp(join(tmpdir(), 'bankchurn-oracle-'));
  const running = new Set<ChildProcessWithoutNullStreams>();
  const compile = spawn('javac', ['-nowarn', '-cp', jars, '-d', classes, SOURCE], { stdio: 'pipe' });
  let words = '';
  compile.stderr.on('data', (data) => (words += String(data)));
  const [code] = (await once(compile, 'close')) as [number];
  if (code !== 0) throw new Error(`the oracle does not compile:\n${words}`);

  function run<Line extends object>(args: readonly string[], onLine?: (line: Line) => void): OracleRun<Line> {
    const child = spawn('java', [...FLAGS, '-cp', `${classes}:${jars}`, 'Oracle', ...args], {
      stdio: 'pipe',
    });
    running.add(child);
    let last: Line | undefined;
    let said = '';
    child.stdin.on('error', () => undefined);
    child.stderr.on('data', (data) => (said = (said + String(data)).slice(0, 8000)));
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (text) => {
      last = JSON.parse(text) as Line;
      onLine?.(last);
    });
    const ended = Promise.all([once(child, 'close'), once(lines, 'close')]).then(([[exitCode]]) => {
      running.delete(child);
      if (exitCode !== 0) throw new Error(`oracle ${args[0] ?? ''} ended with ${String(exitCode)}:\n${said}`);
      return last;
    });
    ended.catch(() => undefined); // whoever awaits it is told
    return {
      pid: child.pid ?? 0,
      ended,
      end: () => child.stdin.end(),
      tell: (line) => void child.stdin.write(`${line}\n`),
    };
  }

  return {
    run,
    close: async () => {
      for (const child of running) child.kill('SIGKILL');
      await rm(classes, { recursive: true, force: true });
    },
  };
}
