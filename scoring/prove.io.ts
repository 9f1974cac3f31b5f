/** Proves a release in a process of its own: whatever the model does there, this process goes on. */
import { fork, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Release } from '../models/manifest.ts';
import { sha256 } from '../models/release-files.ts';
import { entryFile, isSource } from '../schemas/entry-file.io.ts';
import { BankChurnError, messageOf, type ErrorCode } from '../schemas/errors.ts';

/** What a proof may take. */
export interface ProofBounds {
  /**
   * Processor time from the moment the process has the release, milliseconds. The clock allows CLOCK_FACTOR times as much: a
   * busy machine says nothing about the release. If the system does not report processor time, the clock alone counts.
   */
  readonly timeMs: number;
  /** Resident memory of the process, bytes. Checked on Linux. */
  readonly residentBytes: number;
}

const MIB = 1024 * 1024;
export const PROOF_BOUNDS: ProofBounds = { timeMs: 20_000, residentBytes: 768 * MIB };

/** A good release needs about 150 MiB; a machine with less than this cannot judge one. */
const LEAST_BYTES = 256 * MIB;
const START_MS = 30_000;
const POLL_MS = 50;
const CLOCK_FACTOR = 3;
const STDERR_CHARACTERS = 500;

/** What the process says: that it is ready for the release, and then how the proof ended. */
export type ProofMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'proven' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/**
 * Proves that a release can serve. Its model runs in a child process, which is killed at a bound and always at the end. What
 * this process has proven before, byte for byte, is not proven again: a rollback is quick.
 *
 * @throws BankChurnError MODEL_CORRUPT with the check that failed, the bound that was reached, or the signal that ended
 * the process; PROOF_UNAVAILABLE if the machine cannot start the process: the release is not judged, try again.
 */
export function proveRelease(release: Release, bounds: Partial<ProofBounds> = {}): Promise<void> {
  const key = keyOf(release);
  if (proven.has(key)) return Promise.resolve();
  const running = proving.get(key);
  if (running !== undefined) return running;
  const proof = proveOnce(release, { ...PROOF_BOUNDS, ...bounds })
    .then(() => {
      if (proven.size >= MAX_PROVEN) proven.clear();
      proven.add(key);
    })
    .finally(() => proving.delete(key));
  proving.set(key, proof);
  return proof;
}

async function proveOnce(release: Release, { timeMs, residentBytes }: ProofBounds): Promise<void> {
  const available = process.availableMemory();
  if (available < LEAST_BYTES)
    throw unavailable(`${inMib(available)} of memory are left, ${inMib(LEAST_BYTES)} are needed`);
  const child = start();
  try {
    await ready(child);
    const limits = { timeMs, residentBytes: Math.min(residentBytes, available) };
    await outcome(child, release, limits);
  } finally {
    child.process.kill('SIGKILL');
    await child.exited;
  }
}

/** Proofs that are not through yet: who asks for the same meanwhile waits for them. */
const proving = new Map<string, Promise<void>>();
const proven = new Set<string>();
const MAX_PROVEN = 100;
const keyOf = ({ manifest, onnx, golden }: Release): string =>
  [JSON.stringify(manifest), onnx, golden].map(sha256).join();

interface Child {
  readonly process: ChildProcess;
  /** Resolves with how it ended, as words. */
  readonly exited: Promise<string>;
  /** The end of what it wrote to stderr. */
  readonly stderr: () => string;
}

/** Settings of the machine; the process has no use for the service's own, which may be secrets. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'TMP', 'TEMP', 'LD_LIBRARY_PATH', 'SystemRoot'];

/** Compiled, or from the sources. */
function start(): Child {
  const env = Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]]));
  let child: ChildProcess;
  try {
    child = fork(entryFile('scoring/prove-process.io'), {
      execArgv: isSource ? ['--import', 'tsx'] : [],
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
  } catch (cause) {
    throw unavailable(messageOf(cause), cause);
  }
  let written = '';
  child.stderr?.on('data', (text: Buffer) => {
    written = (written + text.toString()).slice(-STDERR_CHARACTERS);
  });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${String(code)}` : `was ended by ${signal}`),
    );
  });
  return { process: child, exited, stderr: () => written.trim() };
}

/** Resolves once the process asks for the release. What goes wrong before says nothing about the release. */
async function ready(child: Child): Promise<void> {
  const asked = nextMessage(child);
  const ended = child.exited.then((how) => ({ how }));
  const found = await within(START_MS, Promise.race([asked, ended]));
  if (found === undefined) throw unavailable(`it was not ready within ${inSeconds(START_MS)}`);
  if ('how' in found) throw unavailable(`it ${found.how} before it began ${child.stderr()}`.trim());
}

async function outcome(child: Child, release: Release, bounds: ProofBounds): Promise<void> {
  const { manifest } = release;
  const refuse = (reason: string): BankChurnError =>
    new BankChurnError('MODEL_CORRUPT', `release ${manifest.version}: ${reason}`);
  const said = nextMessage(child);
  const ended = child.exited.then((how) => ({ how }));
  child.process.send(release, () => undefined);
  const limits = watch(child.process.pid!, bounds);
  const found = await within(bounds.timeMs * CLOCK_FACTOR, Promise.race([said, ended, limits.exceeded]));
  limits.stop();
  if (found === undefined)
    throw refuse(`the proof did not end within ${inSeconds(bounds.timeMs * CLOCK_FACTOR)}`);
  const exceeded = 'limit' in found ? found.limit : await limits.check();
  if (exceeded !== undefined) throw refuse(exceeded);
  if ('how' in found) throw refuse(`the process that proved it ${found.how}`);
  if ('kind' in found && found.kind === 'failed') throw new BankChurnError(found.code, found.message);
}

const nextMessage = ({ process: child }: Child): Promise<ProofMessage> =>
  new Promise((resolve) => child.once('message', (message) => resolve(message as ProofMessage)));

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks at what a process takes; `exceeded` resolves with the bound that it reaches. */
function watch(
  pid: number,
  { timeMs, residentBytes }: ProofBounds,
): { exceeded: Promise<{ limit: string }>; check: () => Promise<string | undefined>; stop: () => void } {
  const before = processorMs(pid);
  const check = async (): Promise<string | undefined> => {
    if ((await peakBytes(pid)) > residentBytes)
      return `the proof took more than ${inMib(residentBytes)} of memory`;
    if ((await processorMs(pid)) - (await before) > timeMs)
      return `the proof did not end within ${inSeconds(timeMs)} of the processor`;
    return undefined;
  };
  let timer: NodeJS.Timeout | undefined;
  const exceeded = new Promise<{ limit: string }>((resolve) => {
    timer = setInterval(() => {
      void check().then((limit) => {
        if (limit !== undefined) resolve({ limit });
      });
    }, POLL_MS);
  });
  return { exceeded, check, stop: () => clearInterval(timer) };
}

/** What a system on Linux says of a process; '' elsewhere, and of one that is gone. */
const read = (pid: number, file: string): Promise<string> =>
  readFile(`/proc/${String(pid)}/${file}`, 'utf8').catch(() => '');

/** The most resident memory that a process has had so far. */
const peakBytes = async (pid: number): Promise<number> =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(await read(pid, 'status'))?.[1] ?? 0) * 1024;

/** Time of the processor that a process has had so far, of ticks of 10 ms; its own and the system's follow its state. */
async function processorMs(pid: number): Promise<number> {
  const fields = (await read(pid, 'stat')).split(') ').pop()!.split(' ');
  return 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0));
}

const unavailable = (reason: string, cause?: unknown): BankChurnError =>
  new BankChurnError('PROOF_UNAVAILABLE', `a release cannot be proven now, no process for it: ${reason}`, {
    cause,
  });
const inMib = (bytes: number): string => `${String(Math.round(bytes / MIB))} MiB`;
const inSeconds = (ms: number): string => `${String(ms / 1000)} s`;
