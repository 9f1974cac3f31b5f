/**
 * What the one loop (`consumers/loop.ts`) needs of the world. Kafka's side comes through the port (`kafka/port.ts`); tests
 * implement it in memory, so the loop's law can be tried with a crash between any two calls.
 */
import type { Poison } from './errors.ts';
import type { EncodedRecords } from './record-frames.ts';
import type { Records } from './records.ts';

/** Header values as bytes, or several values where a name was repeated. The object has no prototype. */
export type RecordHeaders = Readonly<Record<string, Buffer | string | readonly Buffer[]>>;

/** Why the client does not hand out what lies at some offsets; one record stands for all of them. */
export interface Refusal extends Poison {
  /** The offsets in question; the record has the last of them. */
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/** One record as it lies in a partition. */
export interface SourceRecord {
  /** Safe integer. */
  readonly offset: number;
  /** Append (or create) time, milliseconds since 1970. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /**
   * This is not a record to be read: a batch (its bytes as they lie in the log, still packed, are the value) or a record
   * (without its headers) that costs more to unpack than is allowed, or is not valid.
   */
  readonly refused?: Refusal;
}

/** One record to be written. */
export interface OutputRecord {
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: RecordHeaders;
}

/** Records for one partition of one topic: what one send carries. */
export interface Emission {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly OutputRecord[] | EncodedRecords;
}

/** Some consecutive records of one partition, as handed to a role. Never empty. */
export interface Batch {
  readonly topic: string;
  /** Kafka's id of the topic, as it was when the partition was armed; undefined: Kafka does not give ids. */
  readonly topicId?: string | undefined;
  readonly partition: number;
  readonly records: Records;
}

/** What a role decides about a batch. The loop performs it: all of it or nothing. */
export interface Decision {
  readonly emit: readonly Emission[];
  /**
   * Offset to go on from after a crash: the last record's offset + 1, or less where a role keeps later records in memory
   * only. undefined: nothing is committed yet.
   */
  readonly commit: number | undefined;
  /** For metrics: records by outcome, e.g. `scored` or an error code. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** For metrics: timestamps of the records whose scores are emitted, milliseconds since 1970. */
  readonly scoredAt?: Float64Array | readonly number[] | undefined;
  /** For metrics: fields of the records that nobody reads, and how often each was there. Bounded. */
  readonly unknownFields?: ReadonlyMap<string, number> | undefined;
}

/**
 * For a role that takes longer than a heartbeat over a batch: keeps the membership alive. Rejects when the batch is no longer
 * this member's to decide (the group has moved on, or the process stops): give it up and let the error through.
 */
export type KeepAlive = () => Promise<void>;

/** A role: bytes in, decisions out. Throws a `BankChurnError` where the world is in the way. */
export type Role = (batch: Batch, keepAlive: KeepAlive) => Promise<Decision>;

/**
 * What becomes of a record that the role cannot process: the batch holds it alone, `error` says how it failed.
 * `isCut`: the full rejection could not be written, make it as small as can be.
 */
export type Reject = (batch: Batch, error: unknown, isCut: boolean) => Decision | Promise<Decision>;

/** Makes the role of a partition each time it is armed: `offset` is where reading goes on. What it keeps lives until then. */
export type OpenRole = (partition: number, offset: number) => Promise<Role>;

/** One transaction of a writer. After any rejection the writer is in doubt and must be closed. */
export interface Transaction {
  /** Writes to one partition. Whether the broker took it is known when `commit` resolves, at the latest. */
  send(emission: Emission): Promise<unknown>;
  /** Adds the consumed offset (the next one to read) to the transaction, with the id of the topic that it is of. */
  sendOffsets(topic: string, partition: number, nextOffset: number, topicId?: string): Promise<void>;
  commit(): Promise<void>;
  /** Ends the transaction without effect. */
  abort(): Promise<void>;
}

/** The one valid writer of an input partition: opening it has ended the transactions of whoever wrote for it before. */
export interface Writer {
  /**
   * Commits where this owner goes on, in its own name, before its first transaction: whoever takes over learns from it whom to fence.
   *
   * @param topicId of the topic that the offset is of.
   */
  claim(offset: number, topicId: string | undefined): Promise<void>;
  begin(): Promise<Transaction>;
  /** False for good once a connection has broken: a transaction that was confirmed may have lost its effect. Open it again. */
  isSound(): boolean;
  close(): Promise<void>;
}

/** Opens the writer of an input partition. */
export type OpenWriter = (topic: string, partition: number) => Promise<Writer>;

/** Where reading goes on, as the broker has it. */
export interface Position {
  /** Kafka's id of the topic; undefined: Kafka does not give ids. */
  readonly topicId?: string | undefined;
  /** Committed offset of the group; undefined = none yet. */
  readonly committed: number | undefined;
  /** Where to start without one (the configured start position). */
  readonly start: number;
  /** First and one past the last offset in the partition. */
  readonly low: number;
  readonly high: number;
}

/**
 * The consuming side. `pause`, `seek` and `resume` take effect before they return. What is delivered after a seek was fetched
 * from there or before, never from behind it; it may come twice, and two deliveries of a partition may overlap.
 */
export interface Source {
  pause(partitions: readonly number[]): void;
  resume(partition: number): void;
  seek(partition: number, offset: number): void;
  position(partition: number): Promise<Position>;
}

/** Control of one delivered fetch of a partition. */
export interface Delivery {
  /** Keeps the membership alive; throws when the group has moved on. */
  heartbeat(): Promise<void>;
  /** Moves the fetch position past a processed offset. */
  resolve(offset: number): void;
}

/** Time, as an effect. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}
