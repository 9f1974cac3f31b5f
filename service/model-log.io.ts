import { setTimeout as sleep } from 'node:timers/promises';
import { artifactChunks, assembleRelease } from '../models/artifacts.ts';
import { changeRecords, type ArtifactPlace } from '../models/log-records.ts';
import { EMPTY_LOG, foldRecord, type LogChange, type LoggedRelease, type ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { KafkaError } from '../kafka/errors.ts';
import type { KafkaClient, Reader } from '../kafka/port.ts';
import { messageLimits } from '../kafka/message-limits.ts';
import { readAll, readRange } from '../kafka/read.ts';
import { isTransient } from '../schemas/errors.ts';
import type { ModelOrigin, ModelRecord } from '../schemas/generated.ts';
import type { EncodeOwn, OwnRecord } from '../schemas/own.ts';
import { splitEmission } from '../consumers/split-emission.ts';
import { assertKeptForEver } from './kept-for-ever.ts';
import type { OutputRecord, SourceRecord, Transaction } from '../schemas/ports.ts';

/** Tries of one write; it is fenced by every other writer. */
const ATTEMPTS = 8;
/** Of one send of artifacts. */
const SEND_BYTES = 700_000;

export interface ModelLogSettings {
  readonly kafka: KafkaClient;
  readonly topics: { readonly churnModels: string; readonly modelArtifacts: string };
  /** Of the scorers: writers are fenced under `<group>.models`, readers have groups of their own below it. */
  readonly group: string;
  readonly encode: () => Promise<EncodeOwn<ModelRecord>>;
  readonly decode: (record: OwnRecord) => Promise<ModelRecord>;
  /** Told of a topic whose settings may not be read. */
  readonly onUnchecked: (topic: string, fault: string) => void;
}

/** The model log on Kafka. */
export interface ModelLogAccess {
  /** Whether the log keeps its records. `write` and `follow` begin with it. Throws TOPIC_MISCONFIGURED if it does not. */
  check(): Promise<void>;
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
  /** The bytes of a release. Throws MODEL_CORRUPT where they are not what the log says, a KafkaError if Kafka is the reason. */
  fetch(logged: LoggedRelease): Promise<Release>;
  /**
   * Calls back with the log after each record, from its beginning on. A record that cannot be read now is tried until it
   * can (a release or an activation must not be passed over), and so is one for which `onLog` throws a transient
   * BankChurnError; one that can never be read is skipped. `onFault` is called for each.
   */
  follow(onLog: (log: ModelLog) => void | Promise<void>, onFault: (error: unknown) => void): Promise<Reader>;
}

export function openModelLog(settings: ModelLogSettings): ModelLogAccess {
  const { kafka, topics, onUnchecked } = settings;
  let isChecked = false;
  const check = async (): Promise<void> => {
    if (isChecked) return;
    await assertKeptForEver(kafka, [topics.churnModels, topics.modelArtifacts], onUnchecked);
    isChecked = true;
  };
  return {
    check,
    read: () => readLog(settings),
    write: async (decide, origin, release) => {
      await check();
      for (let tries = 1; ; tries++) {
        try {
          return await attempt(settings, decide, origin, release);
        } catch (error) {
          // Fenced by another writer, most likely: start over, not all at once.
          if (tries >= ATTEMPTS || !(error instanceof KafkaError)) throw error;
          await sleep(100 + Math.random() * 400 * tries);
        }
      }
    },
    fetch: (logged) => fetchRelease(settings, logged),
    follow: async (onLog, onFault) => {
      await check();
      return follow(settings, onLog, onFault);
    },
  };
}

const readerGroup = (group: string): string => `${group}.models`;

async function readLog({ kafka, topics, group, decode }: ModelLogSettings): Promise<ModelLog> {
  let log = EMPTY_LOG;
  for (const record of await readAll(kafka, topics.churnModels, readerGroup(group))) {
    if (record.value !== null) log = foldRecord(log, record.offset, await decode(record));
  }
  return log;
}

async function attempt(
  settings: ModelLogSettings,
  decide: (log: ModelLog) => LogChange,
  origin: ModelOrigin,
  release: Release | undefined,
) {
  const { kafka, topics, group } = settings;
  const outputs = [topics.churnModels, topics.modelArtifacts].map((topic) => ({ topic, partition: 0 }));
  const writer = await kafka.openFencedWriter(`${group}.models`, { outputs, groupId: undefined });
  try {
    const log = await readLog(settings);
    const change = decide(log);
    if (change.kinds.length === 0 && !change.release) return { log, change };
    const transaction = await writer.begin();
    let manifest = log.releases.get(change.sha256)?.manifest;
    let artifact: ArtifactPlace | undefined;
    if (change.release) {
      if (release === undefined) throw new Error('a release is to be written and none was given');
      const maxBytes = (await messageLimits(kafka, [topics.modelArtifacts])).get(topics.modelArtifacts)!;
      const records = artifactChunks(release, maxBytes);
      const offset = await sendAll(transaction, topics.modelArtifacts, records, maxBytes);
      manifest = JSON.stringify(release.manifest);
      artifact = { offset, chunks: records.length };
    }
    const records = changeRecords(change, { origin, recordedAt: Date.now(), manifest, artifact });
    const encode = await settings.encode();
    const values = records.map((record) => ({ key: record.modelVersion, ...encode(record) }));
    await transaction.send({ topic: topics.churnModels, partition: 0, records: values });
    await transaction.commit();
    return { log, change };
  } finally {
    await writer.close().catch(() => undefined);
  }
}

/** Sends records in parts that the topic takes. Returns the offset of the first. */
async function sendAll(
  transaction: Transaction,
  topic: string,
  records: readonly OutputRecord[],
  maxBytes: number,
): Promise<number> {
  let first: number | undefined;
  for (const part of splitEmission(
    { topic, partition: 0, records },
    records.length,
    Math.min(maxBytes, SEND_BYTES),
  )) {
    const offset = await transaction.send(part);
    first ??= offset;
  }
  return first!;
}

async function fetchRelease(
  { kafka, topics, group }: ModelLogSettings,
  logged: LoggedRelease,
): Promise<Release> {
  const { artifactOffset: from, artifactChunks: chunks } = logged;
  const records = await readRange(kafka, topics.modelArtifacts, readerGroup(group), from, from + chunks);
  return assembleRelease(logged, Buffer.concat(records.map(({ value }) => value ?? Buffer.alloc(0))));
}

function follow(
  { kafka, topics, group, decode }: ModelLogSettings,
  onLog: (log: ModelLog) => void | Promise<void>,
  onFault: (error: unknown) => void,
): Promise<Reader> {
  let log = EMPTY_LOG;
  const onRecord = async (_: string, __: number, record: SourceRecord): Promise<void> => {
    if (record.value === null) return;
    let folded: ModelLog;
    try {
      folded = foldRecord(log, record.offset, await decode(record));
    } catch (error) {
      if (isTransient(error)) throw error;
      onFault(error);
      return;
    }
    await onLog(folded);
    log = folded;
  };
  const options = { group: readerGroup(group), fromBeginning: true };
  return kafka.openReader([topics.churnModels], options, onRecord, onFault);
}
