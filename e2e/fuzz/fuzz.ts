/**
 * Feeds decoders damaged bytes and odd values: `node --import tsx e2e/fuzz/fuzz.ts [--count 1000000] [--seed 1] [--target NAME]`.
 * Exits 1 if anything was thrown without a code, nonsense was accepted, or one of the slowest inputs takes too long alone.
 */
import { createRandom } from '../../schemas/random.ts';
import { parseArgs } from 'node:util';
import { fuzzTargets, MODES } from './decoders.ts';
import type { FuzzTarget } from './target.ts';

/** Longest time for one record, milliseconds. */
export const LONGEST_MS = 50;
const SLOWEST = 20;
const FINDINGS = 5;

export interface FuzzReport {
  readonly target: string;
  readonly mode: string;
  readonly inputs: number;
  /** Inputs by what came of them: `ok` or an error code. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Inputs that threw without a code, or were accepted and should not. */
  readonly uncoded: number;
  /** The first of them: base64 of the input, and what was thrown. */
  readonly findings: readonly string[];
  /** The slowest inputs, each repeated alone, milliseconds, slowest first. */
  readonly slowestMs: readonly number[];
}

interface Timed {
  readonly bytes: Buffer;
  readonly ms: number;
}

/** Tries one decoder on `count` inputs of one kind. */
export async function fuzz(
  target: FuzzTarget,
  mode: keyof typeof MODES,
  count: number,
  seed: number,
): Promise<FuzzReport> {
  const random = createRandom(seed);
  const outcomes = new Map<string, number>();
  const findings: string[] = [];
  let uncoded = 0;
  let slowest: Timed[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = MODES[mode](random, target);
    const begun = performance.now();
    let outcome: string;
    try {
      const decoded = target.decode(bytes);
      outcome = typeof decoded === 'string' ? decoded : await decoded;
    } catch (error) {
      outcome = 'uncoded';
      uncoded += 1;
      if (findings.length < FINDINGS)
        findings.push(`${bytes.toString('base64').slice(0, 2000)} ${String(error)}`);
    }
    const ms = performance.now() - begun;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (slowest.length < SLOWEST || ms > slowest.at(-1)!.ms)
      slowest = [...slowest, { bytes, ms: await alone(target, bytes) }]
        .sort((a, b) => b.ms - a.ms)
        .slice(0, SLOWEST);
  }
  const slowestMs: number[] = [];
  for (const { bytes } of slowest) slowestMs.push(await alone(target, bytes));
  slowestMs.sort((a, b) => b - a);
  return { target: target.name, mode, inputs: count, outcomes, uncoded, findings, slowestMs };
}

/** What an input takes by itself: the best of five, since the machine does other things too. */
async function alone({ decode }: FuzzTarget, bytes: Buffer): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    const begun = performance.now();
    try {
      await decode(bytes);
    } catch {
      // Counted above.
    }
    best = Math.min(best, performance.now() - begun);
  }
  return best;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      target: { type: 'string' },
    },
  });
  const targets = (await fuzzTargets()).filter(
    ({ name }) => values.target === undefined || name === values.target,
  );
  for (const target of targets)
    for (const mode of Object.keys(MODES) as (keyof typeof MODES)[]) {
      const report = await fuzz(target, mode, Number(values.count), Number(values.seed));
      const counts = [...report.outcomes].map(([outcome, count]) => `${outcome} ${String(count)}`).join(', ');
      const slowest = report.slowestMs[0] ?? 0;
      console.log(
        `${target.name}, ${mode}: ${String(report.inputs)} inputs, ${String(report.uncoded)} uncoded, slowest ${slowest.toFixed(2)} ms (${counts})`,
      );
      for (const finding of report.findings) console.log(`  ${finding}`);
      if (report.uncoded > 0 || slowest > LONGEST_MS) process.exitCode = 1;
    }
}

if (process.argv[1] === import.meta.filename) await main();
