/** What a change of the model log is written as. */
import type { ModelOrigin, ModelRecord } from '../schemas/generated.ts';
import type { LogChange } from './log-decisions.ts';
import { WAITS } from './log.ts';

/** Where the bytes of a release lie in `churn-model-artifacts`. */
export interface ArtifactPlace {
  readonly offset: number;
  readonly chunks: number;
}

export interface ChangeContext {
  readonly origin: ModelOrigin;
  /** Who writes. */
  readonly actor: string;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  /** Of a change that brings a release: its manifest as JSON, and where its bytes are. */
  readonly brought: { readonly manifest: string; readonly artifact: ArtifactPlace } | undefined;
}

/** The records of a change in their order: the release before what is done with it. */
export function changeRecords(change: LogChange, context: ChangeContext): ModelRecord[] {
  const records = change.kinds.map((kind) => record(kind, change, context));
  if (context.brought === undefined) return records;
  const { manifest, artifact } = context.brought;
  const { offset: artifactOffset, chunks: artifactChunks } = artifact;
  const release = { ...record('RELEASE', change, context), manifest, artifactOffset, artifactChunks };
  const { awaits } = change;
  const waiting = awaits === undefined ? {} : { approval: WAITS, aboutActivation: awaits };
  return [{ ...release, ...waiting }, ...records];
}

function record(kind: ModelRecord['kind'], change: LogChange, context: ChangeContext): ModelRecord {
  const { version, sha256, reason, requestId, gateReport, outcome, trainer } = change;
  return {
    kind,
    modelVersion: version,
    modelSha256: sha256,
    origin: context.origin,
    recordedAt: context.recordedAt,
    reason: reason ?? null,
    requestId: requestId ?? null,
    manifest: null,
    artifactOffset: outcome?.artifactOffset ?? null,
    artifactChunks: null,
    actor: context.actor,
    gateReport: gateReport ?? null,
    aboutActivation: outcome?.activation ?? null,
    servingActivation: outcome?.serving ?? null,
    outcome: outcome === undefined ? null : outcome.served ? 'served' : 'refused',
    approval: null,
    trainer: trainer ?? null,
  };
}
