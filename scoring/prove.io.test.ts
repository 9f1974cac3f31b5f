/** The process that proves a release: what it ends for, and that it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { floats, int, ints, longs, node, tinyRelease, withMargin } from '../models/tiny-release.fixture.ts';
import { readRelease, writeRelease } from '../models/store.io.ts';
import { proveRelease } from './prove.io.ts';

/** Multiplies matrices for minutes; each of the operators is allowed. */
const SLOW = tinyRelease({
  nodes: withMargin(
    node('ConstantOfShape', ['first'], ['m']),
    node('ConstantOfShape', ['square'], ['mm']),
    node('MatMul', ['clipped', 'm'], ['h0']),
    ...Array.from({ length: 5000 }, (_, i) => node('MatMul', [`h${String(i)}`, 'mm'], [`h${String(i + 1)}`])),
    node('ReduceMax', ['h5000'], ['more'], [ints('axes', [1]), int('keepdims', 1)]),
  ),
  tensors: [longs('first', [2, 3000]), longs('square', [3000, 3000])],
});
/** Takes 2 GiB. */
const HOG = tinyRelease({
  nodes: withMargin(
    node('ConstantOfShape', ['wide'], ['many']),
    node('Exp', ['many'], ['more1']),
    node('ReduceMax', ['more1'], ['most'], [int('keepdims', 1)]),
    node('Mul', ['most', 'zero'], ['more']),
  ),
  tensors: [longs('wide', [1 << 14, 1 << 14])],
});

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').split(' ').filter((text) => text !== '').map(Number); // prettier-ignore
const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${String(pid)}`) &&
  !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));

/** The proving process of a process, once it has used so many seconds of the processor: 2 are more than its start takes. */
async function childOf(pid: number, seconds: number): Promise<number> {
  const isProof = (child: number): boolean =>
    readFileSync(`/proc/${String(child)}/cmdline`, 'utf8').includes('prove-process');
  for (;;) {
    const found = childrenOf(pid).find(isProof);
    if (found !== undefined && cpuSeconds(found) >= seconds) return found;
    await sleep(10);
  }
}

/** That a process has used, of 100 ticks each. */
const cpuSeconds = (pid: number): number =>
  Number(
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]!
      .split(' ')[11],
  ) / 100;

async function refused(work: Promise<void>, message: RegExp): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'MODEL_CORRUPT', message: expect.stringMatching(message) as string });
}

test('sound releases pass; the second time without a process', async () => {
  const release = await readRelease('models/champion');
  await proveRelease(release);
  await proveRelease(tinyRelease());
  const begun = performance.now();
  await proveRelease(await readRelease('models/champion'), { timeMs: 1 });
  expect(performance.now() - begun).toBeLessThan(50);
});

test('what fails in the process is said as the process said it', async () => {
  const constant = tinyRelease({}, undefined, { columns: 3 });
  await refused(proveRelease(constant), /^release tiny-\w+: columns is 3/);
  const hanging = tinyRelease({ nodes: withMargin(node('Loop', ['margin'], ['more'])) });
  await refused(proveRelease(hanging), /operator Loop is not allowed/);
});

test('a model that does not end is stopped, by its time', async () => {
  const done = refused(
    proveRelease(SLOW, { timeMs: 3000 }),
    /did not end within (3 s of the processor|9 s)$/,
  );
  const child = await childOf(process.pid, 0);
  await done;
  expect(isAlive(child)).toBe(false);
});

test('a model that takes memory is stopped before it has it all', async () => {
  await refused(proveRelease(HOG, { residentBytes: 400 * 1024 * 1024 }), /took more than 400 MiB of memory/);
});

test('a model that crashes ends its process, and nothing else', async () => {
  const done = refused(
    proveRelease(SLOW, { timeMs: 300_000 }),
    /the process that proved it was ended by SIGSEGV/,
  );
  const child = await childOf(process.pid, 2);
  const goesFirst = readFileSync(`/proc/${String(child)}/oom_score_adj`, 'utf8');
  process.kill(child, 'SIGSEGV');
  await done;
  expect(goesFirst).toBe('1000\n'); // where memory runs out, it and not the scorer
});

test('it ends with the process that started it, in the midst of a run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prove-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeRelease(folder, SLOW);
  const code = `
    import { readRelease } from './models/store.io.ts';
    import { proveRelease } from './scoring/prove.io.ts';
    await proveRelease(await readRelease(process.argv[1]), { timeMs: 300_000 });
  `;
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code, folder]);
  const child = await childOf(parent.pid!, 2);
  expect(isAlive(child)).toBe(true);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await sleep(1000);
  expect(isAlive(child)).toBe(false);
});

test('a machine that cannot start the process is not held against the release', async () => {
  const { execPath } = process;
  process.execPath = '/nonexistent/node';
  try {
    const release = tinyRelease({ tensors: [floats('unused', [], [1])] });
    await expect(proveRelease(release)).rejects.toMatchObject({ code: 'PROOF_UNAVAILABLE' });
  } finally {
    process.execPath = execPath;
  }
});
