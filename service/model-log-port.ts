/** What a process may do with the model log, and what it needs for it. */
import type { KafkaClient, Reader } from '../kafka/port.ts';
import type { LogChange } from '../models/log-decisions.ts';
import type { LogEntry, LoggedRelease, ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import type { ModelOrigin, ModelRecord } from '../schemas/generated.ts';
import type { EncodeOwn, OwnRecord } from '../schemas/own.ts';

export interface ModelLogSettings {
  readonly kafka: KafkaClient;
  readonly topics: { readonly churnModels: string; readonly modelArtifacts: string };
  /** Of the scorers: writers are fenced under `<group>.models`. */
  readonly group: string;
  /** Who writes: a person or a role, and the host. */
  readonly actor: string;
  readonly encode: () => Promise<EncodeOwn<ModelRecord>>;
  readonly decode: (record: OwnRecord) => Promise<ModelRecord>;
  /** Told of a topic whose settings may not be read. */
  readonly onUnchecked: (topic: string, fault: string) => void;
  /** Told once of each record that cannot be read. */
  readonly onSkipped: (skipped: Skipped) => void;
}

/** A record of the log that cannot be read: it is skipped. */
export interface Skipped {
  readonly offset: number;
  readonly code: string;
  readonly fault: string;
}

/** The log up to (not including) an offset. */
export interface ReadLog {
  readonly log: ModelLog;
  readonly next: number;
}

/** The model log on Kafka. What its records hold never makes a call fail: records that cannot be read are skipped. */
export interface ModelLogAccess {
  /** Whether the log keeps its records. `write` and `follow` begin with it. Throws TOPIC_MISCONFIGURED if it does not. */
  check(): Promise<void>;
  read(): Promise<ModelLog>;
  /** Calls back with each record that the log has now, in order. */
  scan(onEntry: (entry: LogEntry) => void): Promise<void>;
  /** Where the log ends now. */
  end(): Promise<number>;
  /**
   * Fences other writers, reads to the end, asks `decide`, and writes what it says in one transaction.
   *
   * @returns the log as it was read, and what was written where.
   */
  write(decide: (log: ModelLog) => LogChange, origin: ModelOrigin, release?: Release): Promise<Written>;
  /**
   * The bytes of a release. Throws MODEL_CORRUPT if they are missing or not what the log says, a KafkaError if Kafka is the
   * reason.
   */
  fetch(logged: LoggedRelease): Promise<Release>;
  /** Calls back with the log as it is now, before this returns; then after each record that comes. */
  follow(onLog: (read: ReadLog) => void, onFault: (error: unknown) => void): Promise<Reader>;
}

/** What a write came to. */
export interface Written {
  /** As it was read before the decision. */
  readonly log: ModelLog;
  readonly change: LogChange;
  /** Of the first record of `change.kinds`; undefined: none was written. */
  readonly offset: number | undefined;
}
