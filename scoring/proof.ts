/** What a release must show before it may serve, beside what `openModel` checks. Runs in a process of its own (prove.io.ts). */
import { onnxFaults, readsSizes } from '../models/check-onnx.ts';
import { outputFaults } from '../models/check-golden.ts';
import type { FeatureSpec, Manifest, Release } from '../models/manifest.ts';
import { parseOnnx } from '../models/parse-onnx.ts';
import { corrupt, openSession, refuse, RUN_ROWS, runInBatches, type CreateSession, type OnnxModel } from './model.ts'; // prettier-ignore

/** A run of RUN_ROWS at most, milliseconds: partitions wait for it. */
const RUN_MS = 2000;

export interface ProofPorts {
  readonly createSession: CreateSession;
  /** Milliseconds from any moment on. */
  readonly now: () => number;
}

/**
 * Proves a release: its operators, its golden rows in batches of several sizes, twice, the same bits each time and fast
 * enough, and rows that no customer is.
 *
 * @throws BankChurnError MODEL_CORRUPT with the first check that failed.
 */
export async function prove(release: Release, { createSession, now }: ProofPorts): Promise<void> {
  const { manifest, onnx } = release;
  try {
    const model = parseOnnx(onnx);
    refuse(onnxFaults(model));
    const { session, rows } = await openSession(release, createSession);
    await proveBatches(session, rows, readsSizes(model), now);
    await proveOddRows(session, manifest, rows);
  } catch (cause) {
    throw corrupt(manifest, cause);
  }
}

/** A row's outputs are the same bits in any batch, at any time. */
async function proveBatches(
  session: OnnxModel,
  golden: Float32Array,
  runsEverySize: boolean,
  now: () => number,
): Promise<void> {
  const rows = cycled(golden, RUN_ROWS * session.columns);
  let fastest = Infinity;
  let reference: Float32Array | undefined;
  for (let run = 0; run < 2; run++) {
    const begun = now();
    const outputs = await runInBatches(session, rows, RUN_ROWS);
    fastest = Math.min(fastest, now() - begun);
    if (reference !== undefined) assertSame(outputs, reference, 'a second run');
    reference = outputs;
  }
  if (fastest > RUN_MS)
    throw new Error(`${String(RUN_ROWS)} rows take ${fastest.toFixed(0)} ms, allowed are ${String(RUN_MS)}`);
  const count = golden.length / session.columns;
  const sizes = runsEverySize ? Array.from({ length: RUN_ROWS }, (_, i) => i + 1) : [1, 7, Math.min(count, RUN_ROWS)]; // prettier-ignore
  for (const size of sizes) {
    // Small batches need not run all rows: each of the 512 rows is a golden one.
    const some = size === 1 ? Math.min(count, RUN_ROWS) : size;
    const outputs = await runInBatches(session, rows.subarray(0, some * session.columns), size);
    assertSame(outputs, reference!.subarray(0, some * session.outputs), `a batch of ${String(size)}`);
  }
}

/** The rows again and again, as many values as wanted. */
const cycled = (rows: Float32Array, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => rows[i % rows.length]!);

function assertSame(found: Float32Array, expected: Float32Array, what: string): void {
  const bits = (values: Float32Array): Buffer =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (!bits(found).equals(bits(expected))) throw new Error(`${what} gives other outputs for the same rows`);
}

/** Numbers that an event may hold and no customer has. */
const ODD = [NaN, 0, 3e38, -3e38];

/** Rows that hold one odd number in each numeric column, and all categories unseen or missing; then in one feature alone. */
async function proveOddRows(session: OnnxModel, manifest: Manifest, golden: Float32Array): Promise<void> {
  const { features } = manifest;
  const cells = (feature: FeatureSpec, value: number): number[] =>
    feature.kind === 'numeric' ? [value] : feature.categories.map(() => (Number.isNaN(value) ? NaN : 0));
  const common = [...golden.subarray(0, session.columns)];
  for (const value of ODD) {
    const title = Number.isNaN(value) ? 'missing values' : String(value);
    const all = features.flatMap((feature) => cells(feature, value));
    let from = 0;
    const alone = features.flatMap((feature) => {
      const odd = cells(feature, value);
      const row = [...common.slice(0, from), ...odd, ...common.slice(from + odd.length)];
      from += odd.length;
      return row;
    });
    refuse(outputFaults(await session.run(Float32Array.from(all), 1), manifest, `a row of ${title},`));
    const outputs = await session.run(Float32Array.from(alone), features.length);
    refuse(outputFaults(outputs, manifest, `a row of ${title} in feature`));
  }
}
