import { BankChurnError } from '../schemas/errors.ts';
import type { ChurnScore, CustomerEvent } from '../schemas/generated.ts';
import type { Golden, Manifest, Release } from '../models/manifest.ts';
import { createFeatureRowEncoder, unknownFeatures } from '../models/feature-row.ts';
import { sha256 } from '../models/release-files.ts';
import { createScoreBuilder } from './score.ts';

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
  /** Scores in the order of the requests. A batch of n gives the same bits as n batches of one. */
  score(requests: readonly ScoreRequest[]): Promise<ChurnScore[]>;
  /** As `score`, with the outputs they were made of: [requests × (1 + features)], margin first, log-odds. */
  evaluate(requests: readonly ScoreRequest[]): Promise<{ scores: ChurnScore[]; outputs: Float32Array }>;
  close(): Promise<void>;
}

/** Rows of one ONNX call: keeps the event loop free every few milliseconds. */
const RUN_ROWS = 512;

/**
 * Opens a release: sha256, feature names and shapes are checked, and the golden rows must come out as recorded.
 *
 * @throws BankChurnError MODEL_CORRUPT with what is wrong; such a release never serves.
 */
export async function openModel(release: Release, createSession: CreateSession): Promise<Model> {
  const { manifest, onnx, golden } = release;
  const found = sha256(onnx);
  if (found !== manifest.sha256) {
    throw corrupt(manifest, `model.onnx has sha256 ${found}, the manifest says ${manifest.sha256}`);
  }
  const unknown = unknownFeatures(manifest.features);
  if (unknown.length > 0) throw corrupt(manifest, `events have no feature named ${unknown.join(', ')}`);
  const session = await createSession(onnx);
  try {
    checkShapes(manifest, session);
    await proveGolden(manifest, golden, session);
  } catch (error) {
    await session.close();
    throw error;
  }
  return createModel(manifest, session);
}

function corrupt(manifest: Manifest, fault: string): BankChurnError {
  return new BankChurnError('MODEL_CORRUPT', `release ${manifest.version}: ${fault}`);
}

function checkShapes(manifest: Manifest, session: OnnxModel): void {
  const columns = manifest.features.reduce(
    (sum, f) => sum + (f.kind === 'numeric' ? 1 : f.categories.length),
    0,
  );
  if (session.columns !== columns || manifest.columns !== columns) {
    throw corrupt(
      manifest,
      `${String(session.columns)} input columns in the ONNX, ${String(columns)} in the features`,
    );
  }
  if (session.outputs !== manifest.features.length + 1) {
    throw corrupt(
      manifest,
      `${String(session.outputs)} outputs, expected a margin and ${String(manifest.features.length)} contributions`,
    );
  }
}

async function proveGolden(manifest: Manifest, golden: Golden, session: OnnxModel): Promise<void> {
  const rows = new Float32Array(golden.rows.flatMap((row) => row.map((value) => value ?? NaN)));
  const expected = golden.outputs.flat();
  if (
    rows.length !== golden.rows.length * session.columns ||
    expected.length !== golden.rows.length * session.outputs
  ) {
    throw corrupt(manifest, 'the golden rows have another width than the model');
  }
  const outputs = await session.run(rows, golden.rows.length);
  const wrong = expected.findIndex((value, i) => !(Math.abs(value - outputs[i]!) <= golden.tolerance));
  if (wrong >= 0) {
    const row = Math.floor(wrong / session.outputs);
    throw corrupt(
      manifest,
      `golden row ${String(row)} gives ${String(outputs[wrong])}, recorded was ${String(expected[wrong])}`,
    );
  }
}

function createModel(manifest: Manifest, session: OnnxModel): Model {
  const encode = createFeatureRowEncoder(manifest.features);
  const build = createScoreBuilder(manifest);

  async function evaluate(
    requests: readonly ScoreRequest[],
  ): Promise<{ scores: ChurnScore[]; outputs: Float32Array }> {
    const scores: ChurnScore[] = [];
    const all = new Float32Array(requests.length * session.outputs);
    // Of its own, not shared: partitions score side by side, and ONNX Runtime reads the buffer after we return to the loop.
    const rows = new Float32Array(Math.min(requests.length, RUN_ROWS) * session.columns);
    for (let from = 0; from < requests.length; from += RUN_ROWS) {
      const n = Math.min(RUN_ROWS, requests.length - from);
      for (let i = 0; i < n; i++) encode(requests[from + i]!.event, rows, i * session.columns);
      const outputs = await session.run(rows, n);
      all.set(outputs, from * session.outputs);
      for (let i = 0; i < n; i++) {
        const { event, scoreId } = requests[from + i]!;
        scores.push(build(event, scoreId, outputs, i * session.outputs));
      }
    }
    return { scores, outputs: all };
  }

  return {
    manifest,
    evaluate,
    score: async (requests) => (await evaluate(requests)).scores,
    close: () => session.close(),
  };
}
