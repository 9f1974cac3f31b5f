/** Scorers as processes: each place has one, and gets another when that is gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../cli/context.ts';
import { buildFailingService } from './build.ts';
import type { Failpoint } from '../failpoints.ts';

export interface Scorer {
  readonly pid: number;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  isGone(): boolean;
  /** Arms a failpoint; resolves when the process has come by (false: not in that time). */
  failAt(point: Failpoint, nth: number, signal: 'SIGKILL' | 'SIGSTOP', withinMs: number): Promise<boolean>;
  kill(signal: NodeJS.Signals): void;
  /** Of the sidecar, once it listens. */
  readonly port: Promise<number>;
  tail(): string;
  /** How many lines it has told. */
  lines(): number;
  /** Resident memory, MiB. */
  residentMib(): number;
}

export interface Fleet {
  readonly places: number;
  at(place: number): Scorer;
  /** Waits until the scorer of a place takes part, within limits. */
  ready(place: number): Promise<void>;
  /** What ended without being asked to. */
  readonly unasked: string[];
  /** Largest resident memory of any scorer, MiB. */
  peakMib(): number;
  /** SIGTERM to all; resolves with the exit codes. */
  stop(): Promise<(number | null)[]>;
}

/** Folder that keeps what the scorers tell, to look into a run that failed. */
const LOGS = process.env['CHAOS_LOGS'];
const RESTART_MS = 200;
const READY_MS = 30_000;
const TAIL_LINES = 30;

/** @param program of `buildFailingService`. */
export function startScorer(program: string, env: Readonly<Record<string, string>>): Scorer {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: '0', ...env },
    cwd: packageRoot(),
    stdio: 'pipe',
  });
  const lines: string[] = [];
  let told = 0;
  let hasPassed: (passed: boolean) => void = () => undefined;
  let tellPort: (port: number) => void = () => undefined;
  const port = new Promise<number>((resolve) => (tellPort = resolve));
  let isGone = false;
  const exited = once(child, 'exit').then(([code, signal]) => {
    isGone = true;
    hasPassed(signal === 'SIGKILL');
    return { code: code as number | null, signal: signal as string | null };
  });
  child.stdin.on('error', () => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      told += 1;
      if (LOGS !== undefined) appendFileSync(join(LOGS, `scorer-${String(child.pid)}.log`), `${line}\n`);
      if (lines.length > TAIL_LINES) lines.shift();
      const found = /"port":(\d+),"msg":"sidecar listens"/.exec(line)?.[1];
      if (found !== undefined) tellPort(Number(found));
      if (line.includes('"msg":"failpoint"')) hasPassed(true);
    });
  }
  return {
    pid: child.pid ?? 0,
    exited,
    port,
    isGone: () => isGone,
    failAt: (point, nth, signal, withinMs) =>
      new Promise((resolve) => {
        const late = setTimeout(() => resolve(false), withinMs);
        hasPassed = (passed) => {
          clearTimeout(late);
          resolve(passed);
        };
        child.stdin.write(`${point}:${String(nth)}:${signal}\n`);
      }),
    kill: (signal) => void child.kill(signal),
    tail: () => lines.join('\n  '),
    lines: () => told,
    residentMib: () => residentMib(child.pid ?? 0),
  };
}

/** Keeps `places` scorers running until `stop`. */
export function startFleet(places: number, env: Readonly<Record<string, string>>): Fleet {
  const program = buildFailingService();
  const scorers: Scorer[] = [];
  const unasked: string[] = [];
  let isStopping = false;
  let peakMib = 0;

  function fill(place: number): void {
    const scorer = startScorer(program, env);
    scorers[place] = scorer;
    void scorer.exited.then(({ code, signal }) => {
      if (isStopping) return;
      if (signal === null && code !== 0) unasked.push(`exit ${String(code)}:\n  ${scorer.tail()}`);
      setTimeout(() => {
        if (!isStopping) fill(place);
      }, RESTART_MS);
    });
  }
  for (let place = 0; place < places; place++) fill(place);
  const sampling = setInterval(() => {
    for (const { pid } of scorers) peakMib = Math.max(peakMib, residentMib(pid));
  }, 500);

  return {
    places,
    at: (place) => scorers[place]!,
    unasked,
    ready: async (place) => {
      const end = Date.now() + READY_MS;
      while (Date.now() < end) {
        const port = await Promise.race([scorers[place]!.port, sleep(1000).then(() => 0)]);
        const answer = await fetch(`http://127.0.0.1:${String(port)}/health/ready`).catch(() => undefined);
        if (answer?.ok === true) return;
        await sleep(100);
      }
    },
    peakMib: () => peakMib,
    stop: async () => {
      isStopping = true;
      clearInterval(sampling);
      for (const scorer of scorers) {
        scorer.kill('SIGCONT');
        scorer.kill('SIGTERM');
      }
      const ends = await Promise.all(
        scorers.map(({ exited, kill }) => {
          const late = setTimeout(() => kill('SIGKILL'), 30_000);
          return exited.finally(() => clearTimeout(late));
        }),
      );
      return ends.map(({ code }) => code);
    },
  };
}

function residentMib(pid: number): number {
  try {
    return (
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0) / 1024
    );
  } catch {
    return 0; // gone, or no Linux
  }
}
