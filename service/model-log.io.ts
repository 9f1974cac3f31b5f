import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { goldenText } from '../models/golden.ts';
import { EMPTY_LOG, foldRecord, type LogChange, type LoggedRelease, type ModelLog } from '../models/log.ts';
import { goldenSchema, manifestSchema, type Release } from '../models/manifest.ts';
import { KafkaError } from '../kafka/errors.ts';
import type { KafkaClient, Reader } from '../kafka/port.ts';
import { readAll, readRange } from '../kafka/read.ts';
import { BankChurnError, isTransient, messageOf } from '../schemas/errors.ts';
import type { ModelOrigin, ModelRecord } from '../schemas/generated.ts';
import type { OutputRecord, SourceRecord } from '../schemas/ports.ts';

/** Bytes of one record of `churn-model-artifacts`, and of a whole release. */
const CHUNK_BYTES = 512 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;
const ATTEMPTS = 8;

export interface ModelLogSettings {
  readonly kafka: KafkaClient;
  readonly topics: { readonly churnModels: string; readonly modelArtifacts: string };
  /** Of the scorers: writers are fenced under `<group>.models`, readers have groups of their own below it. */
  readonly group: string;
  readonly encode: () => Promise<(record: ModelRecord) => Buffer | string>;
  readonly decode: (value: Buffer) => Promise<ModelRecord>;
}

/** The model log on Kafka. */
export interface ModelLogAccess {
  read(): Promise<ModelLog>;
  /**
   * Fences other writers, reads to the end, asks `decide`, and writes what it says in one transaction.
   *
   * @returns the log as it was read, and what was written.
   */
  write(
    decide: (log: ModelLog) => LogChange,
    origin: ModelOrigin,
    release?: Release,
  ): Promise<{ log: ModelLog; change: LogChange }>;
  /** The bytes of a release. Throws MODEL_CORRUPT if they are not what the log says, a KafkaError if Kafka is the reason. */
  fetch(logged: LoggedRelease): Promise<Release>;
  /**
   * Calls back with the log after each record, from its beginning on. A record that cannot be read now is tried until it
   * can (a release or an activation must not be passed over), and so is one for which `onLog` throws a transient
   * BankChurnError; one that never can be read is passed over. `onFault` is told of each.
   */
  follow(onLog: (log: ModelLog) => void | Promise<void>, onFault: (error: unknown) => void): Promise<Reader>;
}

export function openModelLog(settings: ModelLogSettings): ModelLogAccess {
  const { kafka, topics, group, decode } = settings;
  const readerGroup = `${group}.models`;

  async function read(): Promise<ModelLog> {
    let log = EMPTY_LOG;
    for (const { offset, value } of await readAll(kafka, topics.churnModels, readerGroup)) {
      if (value !== null) log = foldRecord(log, offset, await decode(value));
    }
    return log;
  }

  async function attempt(
    decide: (log: ModelLog) => LogChange,
    origin: ModelOrigin,
    release: Release | undefined,
  ) {
    const outputs = [topics.churnModels, topics.modelArtifacts].map((topic) => ({ topic, partition: 0 }));
    const writer = await kafka.openFencedWriter(`${group}.models`, { outputs, groupId: undefined });
    try {
      const log = await read();
      const change = decide(log);
      if (change.kinds.length === 0 && !change.release) return { log, change };
      const transaction = await writer.begin();
      const records: ModelRecord[] = [];
      let manifest = log.releases.get(change.sha256)?.manifest;
      if (change.release) {
        if (release === undefined) throw new Error('a release is to be written and none was given');
        const chunks = artifactChunks(release);
        const artifactOffset = await transaction.send({
          topic: topics.modelArtifacts,
          partition: 0,
          records: chunks,
        });
        manifest = JSON.stringify(release.manifest);
        records.push({
          ...entry('RELEASE', change, origin, manifest),
          manifest,
          artifactOffset,
          artifactChunks: chunks.length,
        });
      }
      for (const kind of change.kinds) records.push(entry(kind, change, origin, manifest ?? '{}'));
      const encode = await settings.encode();
      const values = records.map((record) => ({ key: record.modelVersion, value: encode(record) }));
      await transaction.send({ topic: topics.churnModels, partition: 0, records: values });
      await transaction.commit();
      return { log, change };
    } finally {
      await writer.close().catch(() => undefined);
    }
  }

  return {
    read,
    write: async (decide, origin, release) => {
      for (let tries = 1; ; tries++) {
        try {
          return await attempt(decide, origin, release);
        } catch (error) {
          // Fenced by another writer, most likely: start over, not all at once.
          if (tries >= ATTEMPTS || !(error instanceof KafkaError)) throw error;
          await sleep(100 + Math.random() * 400 * tries);
        }
      }
    },
    fetch: async (logged) => {
      const { artifactOffset: from, artifactChunks: chunks } = logged;
      const records = await readRange(kafka, topics.modelArtifacts, readerGroup, from, from + chunks);
      return assemble(logged, Buffer.concat(records.map(({ value }) => value ?? Buffer.alloc(0))));
    },
    follow: async (onLog, onFault) => {
      let log = EMPTY_LOG;
      const onRecord = async (_: string, __: number, { offset, value }: SourceRecord): Promise<void> => {
        if (value === null) return;
        let folded: ModelLog;
        try {
          folded = foldRecord(log, offset, await decode(value));
        } catch (error) {
          if (isTransient(error)) throw error;
          onFault(error);
          return;
        }
        await onLog(folded);
        log = folded;
      };
      const options = { group: readerGroup, fromBeginning: true };
      return kafka.openReader([topics.churnModels], options, onRecord, onFault);
    },
  };
}

function entry(
  kind: ModelRecord['kind'],
  { sha256, answer }: LogChange,
  origin: ModelOrigin,
  manifest: string,
): ModelRecord {
  const { version } = JSON.parse(manifest) as { version?: string };
  return {
    kind,
    modelVersion: version ?? sha256.slice(0, 8),
    modelSha256: sha256,
    origin,
    recordedAt: Date.now(),
    reason: answer?.reason ?? null,
    requestId: answer?.requestId ?? null,
    manifest: null,
    artifactOffset: null,
    artifactChunks: null,
  };
}

/** ONNX bytes and golden rows behind each other, in chunks: the manifest's `sizeBytes` is where the rows begin. */
function artifactChunks({ manifest, onnx, golden }: Release): OutputRecord[] {
  const bytes = Buffer.concat([onnx, Buffer.from(goldenText(golden))]);
  if (bytes.length > MAX_BYTES)
    throw new BankChurnError(
      'MODEL_CORRUPT',
      `release ${manifest.version} has ${String(bytes.length)} bytes, allowed are ${String(MAX_BYTES)}`,
    );
  const chunks: OutputRecord[] = [];
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    chunks.push({ key: manifest.sha256, value: bytes.subarray(from, from + CHUNK_BYTES) });
  }
  return chunks;
}

function assemble({ manifest: json, version, sha256 }: LoggedRelease, bytes: Buffer): Release {
  try {
    const manifest = manifestSchema.parse(JSON.parse(json));
    const onnx = bytes.subarray(0, manifest.sizeBytes);
    const rows = bytes.subarray(manifest.sizeBytes);
    const digest = (part: Buffer): string => createHash('sha256').update(part).digest('hex');
    if (manifest.sha256 !== sha256 || digest(onnx) !== sha256)
      throw new Error('the model bytes have another sha256');
    if (digest(rows) !== manifest.goldenSha256) throw new Error('the golden rows have another sha256');
    return { manifest, onnx, golden: goldenSchema.parse(JSON.parse(rows.toString())) };
  } catch (cause) {
    const fault = messageOf(cause).slice(0, 300);
    throw new BankChurnError('MODEL_CORRUPT', `release ${version} in the log: ${fault}`, { cause });
  }
}
