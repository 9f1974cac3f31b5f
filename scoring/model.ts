import { BankChurnError, messageOf } from '../schemas/errors.ts';
import type { EventColumns } from '../schemas/customer/columns.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { ChurnScore } from '../schemas/generated.ts';
import type { Golden, Manifest, Release } from '../models/manifest.ts';
import { constantFault, goldenFaults, outputFaults, toleranceOf } from '../models/check-golden.ts';
import { manifestFaults } from '../models/check-manifest.ts';
import { createFeatureRowEncoder, featureColumns } from '../models/feature-row.ts';
import { goldenRows, parseGolden } from '../models/golden.ts';
import { sha256 } from '../models/release-files.ts';
import { createScoreBuilder, notFinite, notFiniteRows, sigmoid } from './score.ts';
import type { Evaluation } from './score-bytes.ts';

/** A loaded ONNX model (`onnx.io.ts`): input `features` float32 [n, columns], output `outputs` float32 [n, 1 + features]. */
export interface OnnxModel {
  /** Columns of a feature row. */
  readonly columns: number;
  /** Outputs of a row: the margin, then one contribution per feature. */
  readonly outputs: number;
  /** Runs `n` rows (row after row in `rows`). Blocks the event loop for about 2 µs a row: keep `n` to a thousand. */
  run(rows: Float32Array, n: number): Promise<Float32Array>;
  close(): Promise<void>;
}
export type CreateSession = (onnx: Uint8Array) => Promise<OnnxModel>;

/** An event and the id its score will have (`topic/partition/offset`). */
export interface ScoreRequest {
  readonly event: CustomerEvent;
  readonly scoreId: string;
}

/** A release that proved itself and can score. */
export interface Model {
  readonly manifest: Manifest;
  /**
   * Scores in the order of the requests. A batch of n gives the same bits as n batches of one.
   *
   * @throws BankChurnError SCORE_NOT_FINITE with the first event that has none.
   */
  score(requests: readonly ScoreRequest[]): Promise<ChurnScore[]>;
  /**
   * What the model says of events in columns. Outputs that are not finite (`notFiniteRows`) are among them, and must not be
   * published.
   */
  evaluate(events: EventColumns): Promise<Evaluation>;
  close(): Promise<void>;
}

/** Rows of one ONNX call: keeps the event loop free every few milliseconds. */
export const RUN_ROWS = 1000;

/**
 * Opens a release: its checksums, what a score and a drift count read, and its golden rows, which must come out as recorded.
 * Whether it can be trusted with any row is for `proveRelease` to say.
 *
 * @throws BankChurnError MODEL_CORRUPT with what is wrong; such a release never serves.
 */
export async function openModel(release: Release, createSession: CreateSession): Promise<Model> {
  const { manifest } = release;
  try {
    const { session } = await openSession(release, createSession);
    return createModel(manifest, session);
  } catch (cause) {
    throw corrupt(manifest, cause);
  }
}

/** As `openModel`: the session, and the golden rows that came out as recorded. Throws an Error with what is wrong. */
export async function openSession(
  release: Release,
  createSession: CreateSession,
): Promise<{ session: OnnxModel; rows: Float32Array }> {
  const golden = checkRelease(release);
  const rows = goldenRows(golden);
  const session = await createSession(release.onnx);
  try {
    checkShapes(release.manifest, session);
    await checkGolden(release.manifest, golden, rows, session);
  } catch (error) {
    await session.close();
    throw error;
  }
  return { session, rows };
}

/** What is wrong, with the release it is wrong with. */
export const corrupt = ({ version }: Manifest, cause: unknown): BankChurnError =>
  new BankChurnError('MODEL_CORRUPT', `release ${version}: ${messageOf(cause).slice(0, MAX_REASON)}`, {
    cause,
  });

/** Characters: a manifest may hold names of any length. */
const MAX_REASON = 500;

/** Throws an Error with the first of some faults. */
export function refuse(faults: Iterable<string>): void {
  for (const fault of faults) throw new Error(fault);
}

/** The golden rows of a release in which all parts fit together. */
function checkRelease({ manifest, onnx, golden }: Release): Golden {
  const found = sha256(onnx);
  if (found !== manifest.sha256)
    throw new Error(`model.onnx has sha256 ${found}, the manifest says ${manifest.sha256}`);
  if (onnx.length !== manifest.sizeBytes)
    throw new Error(
      `model.onnx has ${String(onnx.length)} bytes, sizeBytes is ${String(manifest.sizeBytes)}`,
    );
  if (sha256(golden) !== manifest.goldenSha256)
    throw new Error('golden.json has another sha256 than goldenSha256');
  refuse(manifestFaults(manifest));
  const parsed = parseGolden(golden);
  refuse(goldenFaults(parsed, manifest));
  return parsed;
}

function checkShapes({ features, columns }: Manifest, session: OnnxModel): void {
  if (session.columns !== columns)
    throw new Error(
      `${String(session.columns)} input columns in the ONNX, ${String(columns)} in the features`,
    );
  if (session.outputs !== features.length + 1)
    throw new Error(
      `${String(session.outputs)} outputs, expected a margin and ${String(features.length)} contributions`,
    );
}

async function checkGolden(
  manifest: Manifest,
  golden: Golden,
  rows: Float32Array,
  session: OnnxModel,
): Promise<void> {
  const outputs = await runInBatches(session, rows, RUN_ROWS);
  const recorded = golden.outputs.flat();
  const tolerance = toleranceOf(golden);
  const wrong = recorded.findIndex((value, i) => !(Math.abs(value - outputs[i]!) <= tolerance));
  if (wrong >= 0) {
    const row = Math.floor(wrong / session.outputs);
    throw new Error(
      `golden row ${String(row)} gives ${String(outputs[wrong])}, recorded was ${String(recorded[wrong])}`,
    );
  }
  refuse(outputFaults(outputs, manifest, 'golden row'));
  const fault = constantFault(outputs, session.outputs);
  if (fault !== undefined) throw new Error(fault);
}

/** The outputs of rows that are run `size` at a time. */
export async function runInBatches(
  session: OnnxModel,
  rows: Float32Array,
  size: number,
): Promise<Float32Array> {
  const count = rows.length / session.columns;
  const all = new Float32Array(count * session.outputs);
  for (let from = 0; from < count; from += size) {
    const n = Math.min(size, count - from);
    const batch = rows.subarray(from * session.columns, (from + n) * session.columns);
    const outputs = await session.run(batch, n);
    if (outputs.length !== n * session.outputs)
      throw new Error(`a batch of ${String(n)} rows gives ${String(outputs.length)} outputs`);
    all.set(outputs, from * session.outputs);
  }
  return all;
}

function createModel(manifest: Manifest, session: OnnxModel): Model {
  const encode = createFeatureRowEncoder(manifest.features);
  const build = createScoreBuilder(manifest);

  async function evaluate(events: EventColumns): Promise<Evaluation> {
    const { count } = events;
    const width = session.outputs;
    const all = new Float32Array(count * width);
    const probabilities = new Float64Array(count);
    // Of its own, not shared: partitions score side by side, and ONNX Runtime reads the buffer after we return to the loop.
    const rows = new Float32Array(Math.min(count, RUN_ROWS) * session.columns);
    for (let from = 0; from < count; from += RUN_ROWS) {
      const n = Math.min(RUN_ROWS, count - from);
      encode(events, from, from + n, rows);
      const outputs = await session.run(rows, n);
      all.set(outputs, from * width);
      for (let i = 0; i < n; i++) probabilities[from + i] = sigmoid(outputs[i * width]!);
    }
    return { outputs: all, width, probabilities };
  }

  return {
    manifest,
    evaluate,
    score: async (requests) => {
      const events = featureColumns(manifest.features, requests.map(({ event }) => event)); // prettier-ignore
      const { outputs, width } = await evaluate(events);
      const [first] = notFiniteRows(outputs, width) ?? [];
      if (first === undefined)
        return requests.map(({ scoreId }, row) => build(events, row, scoreId, outputs, row * width));
      const { code, message } = notFinite(manifest);
      throw new BankChurnError(code, `${message}: ${events.eventId.at(first)}`);
    },
    close: () => session.close(),
  };
}
