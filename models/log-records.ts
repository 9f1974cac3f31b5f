/** What a change of the model log is written as. */
import type { ModelOrigin, ModelRecord } from '../schemas/generated.ts';
import type { LogChange } from './log.ts';

/** Where the bytes of a release lie in `churn-model-artifacts`. */
export interface ArtifactPlace {
  readonly offset: number;
  readonly chunks: number;
}

export interface ChangeContext {
  readonly origin: ModelOrigin;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  /** JSON of the model's manifest, if it is known. */
  readonly manifest: string | undefined;
  /** Of a change that brings a release. */
  readonly artifact: ArtifactPlace | undefined;
}

/** The records of a change in their order: the release before what is done with it. */
export function changeRecords(change: LogChange, context: ChangeContext): ModelRecord[] {
  const { artifact, manifest = '{}' } = context;
  const records = change.kinds.map((kind) => record(kind, change, context));
  if (artifact === undefined) return records;
  const { offset: artifactOffset, chunks } = artifact;
  const release = { ...record('RELEASE', change, context), manifest, artifactOffset, artifactChunks: chunks };
  return [release, ...records];
}

function record(
  kind: ModelRecord['kind'],
  { sha256, answer }: LogChange,
  { origin, recordedAt, manifest = '{}' }: ChangeContext,
): ModelRecord {
  const { version } = JSON.parse(manifest) as { version?: string };
  return {
    kind,
    modelVersion: version ?? sha256.slice(0, 8),
    modelSha256: sha256,
    origin,
    recordedAt,
    reason: answer?.reason ?? null,
    requestId: answer?.requestId ?? null,
    manifest: null,
    artifactOffset: null,
    artifactChunks: null,
    actor: null,
    gateReport: null,
    aboutActivation: null,
    outcome: null,
  };
}
