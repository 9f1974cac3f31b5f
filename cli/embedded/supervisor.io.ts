import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { SUPERVISOR_SCRIPT } from './supervisor-script.ts';

/** A program to run under the supervisor. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** Its stdout and stderr are appended there. */
  readonly logFile: string;
  /** Ends it by force where SIGKILL of its process is not enough (a container). */
  readonly killCommand?: readonly string[];
}

/** A program that runs under the supervisor, or ran. */
export interface Supervised {
  readonly pid: number;
  /** Exit code of the program when it is gone, whoever ended it; 128 + n for signal n. */
  readonly exited: Promise<number>;
  hasExited(): boolean;
  /** SIGTERM, after 5 s SIGKILL. */
  stop(): Promise<void>;
  /** SIGKILL now. */
  kill(): Promise<void>;
}

/** One small process that outlives us just long enough to end what we started. */
export interface Supervisor {
  readonly pid: number;
  /** @throws Error where the program cannot be started, such as a command that does not exist. */
  start(program: Program): Promise<Supervised>;
  /** A command to run when everything has ended, best effort, also when we are killed. */
  afterwards(command: readonly string[]): void;
  /** Ends every program, then the supervisor; removes the folder it was given. */
  close(): Promise<void>;
}

type Event = { readonly id: number } & (
  { readonly pid: number } | { readonly error: string } | { readonly code: number }
);
type Listener = (event: Event) => void;

/**
 * Starts the supervisor. It holds the other end of our pipe: when that closes, however we ended (SIGKILL too), it ends
 * its programs and removes the folder.
 *
 * @param folder what its programs work on; absolute.
 * @param isTemporary whether to remove it at the end.
 */
export function startSupervisor(folder: string, isTemporary: boolean): Supervisor {
  const listeners = new Map<number, Listener>();
  const running = new Set<number>();
  const child = spawnSupervisor(folder, isTemporary);
  const gone = once(child, 'exit').then(() => {
    for (const pid of running) killPid(pid); // it was killed itself: what it ran is ours to end
    for (const [id, tell] of listeners) tell({ id, code: 137 });
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as Event;
    if ('pid' in event) running.add(event.pid);
    listeners.get(event.id)?.(event);
  });
  const send = (message: object): void => {
    if (child.stdin.writable) child.stdin.write(JSON.stringify(message) + '\n');
  };
  let nextId = 1;
  return {
    pid: child.pid ?? 0,
    start: (program) => startProgram(program, nextId++, listeners, running, send, child.exitCode !== null),
    afterwards: (command) => {
      send({ op: 'afterwards', command });
    },
    close: async () => {
      child.stdin.end();
      await gone;
      if (isTemporary) await rm(folder, { recursive: true, force: true });
    },
  };
}

function spawnSupervisor(folder: string, isTemporary: boolean): ChildProcessWithoutNullStreams {
  const env = { ...process.env };
  delete env['NODE_OPTIONS']; // loaders of ours are not for it
  // In a session of its own, so that Ctrl-C reaches us and not the JVMs.
  const options = { stdio: 'pipe', detached: true, env } as const;
  const child = spawn(
    process.execPath,
    ['-e', SUPERVISOR_SCRIPT, folder, isTemporary ? 'remove' : 'keep'],
    options,
  );
  child.stdin.on('error', () => undefined); // gone already; `exit` tells
  child.stderr.resume();
  return child;
}

async function startProgram(
  program: Program,
  id: number,
  listeners: Map<number, Listener>,
  running: Set<number>,
  send: (message: object) => void,
  isClosed: boolean,
): Promise<Supervised> {
  if (isClosed) throw new Error(`${program.command} could not be started: its supervisor is gone`);
  let code: number | undefined;
  let tellExited!: (code: number) => void;
  const exited = new Promise<number>((resolve) => (tellExited = resolve));
  const pid = await new Promise<number>((resolve, reject) => {
    let started: number | undefined;
    listeners.set(id, (event) => {
      if ('pid' in event) {
        started = event.pid;
        resolve(event.pid);
        return;
      }
      listeners.delete(id);
      if (started !== undefined) running.delete(started);
      if (started === undefined)
        reject(
          new Error(
            `${program.command} could not be started: ${'error' in event ? event.error : 'its supervisor ended'}`,
          ),
        );
      code = 'code' in event ? event.code : 127;
      tellExited(code);
    });
    send({ op: 'start', id, ...program });
  });
  const ask = (op: 'stop' | 'kill') => async (): Promise<void> => {
    if (code === undefined) send({ op, id });
    await exited;
  };
  return { pid, exited, hasExited: () => code !== undefined, stop: ask('stop'), kill: ask('kill') };
}

function killPid(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
}
