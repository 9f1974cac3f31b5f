/**
 * The port to Kafka: what the product needs of a client library, and nothing that only one library has. Types only;
 * `kafka/kafkajs/` implements it. What can be composed of these calls is in the other files of this folder.
 *
 * Each call rejects with a `KafkaError` when Kafka is the reason. Only `Delivery.heartbeat` rejects with the client's own
 * error: whoever is handed it throws it back to the client as it came.
 */
import type { Records } from '../schemas/records.ts';
import type { OffsetNote } from './offset-note.ts';
import type { GroupPorts } from './group/ports.ts';
import type { Delivery, Emission, OpenWriter, OutputRecord, Source, SourceRecord, Transaction, Writer } from '../schemas/ports.ts'; // prettier-ignore

/** How to reach the brokers. */
export interface ConnectionSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly sessionTimeoutMs: number;
  readonly ssl:
    | false
    | {
        readonly caFile?: string | undefined;
        readonly certFile?: string | undefined;
        readonly keyFile?: string | undefined;
      };
  readonly sasl:
    | undefined
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer';
        readonly username?: string | undefined;
        readonly passwordFile: string;
      };
}

/** Where the client's own lines go. */
export type KafkaLog = (level: 'debug' | 'info' | 'warn', message: string, details: object) => void;

/** A client of one cluster; nothing is connected before it is used. */
export interface KafkaClient {
  /** The consumer of one topic, as the loop wants it: nothing is committed or resolved but by the loop. */
  consumer(settings: ConsumerSettings): LoopConsumer;
  /**
   * The one valid writer under a transactional id: whoever had it before is fenced, its open transaction ended, and its
   * last one is decided in each partition of `scope` (these must exist).
   */
  openFencedWriter(transactionalId: string, scope: WriterScope): Promise<ExclusiveWriter>;
  /**
   * Fences the writer of a process that is gone, ends its open transaction, and decides its last one in each partition of `scope`;
   * the decision stays readable for who does so in other partitions. Nothing is done for an id that Kafka does not know.
   */
  fenceWriter(transactionalId: string, scope: WriterScope): Promise<void>;
  /** A producer without transactions that writes to the partition it is told. */
  openPartitionProducer(): Promise<PartitionProducer>;
  /** A plain producer (idempotent, acks of all in-sync replicas). */
  openProducer(): Promise<RecordProducer>;
  /**
   * Follows topics (committed records only) outside of any group. Rejects if it cannot begin; from then on it recovers by itself,
   * whatever is in the way (a lost right, a changed password), until `close`: it goes on behind the last record that was processed.
   * Partitions that are added to a topic are read too.
   *
   * @param onRecord awaited: a slow consumer slows the reading. If it throws a transient BankChurnError, the same record
   *   comes again, and nothing behind it before; after any other error the reading goes on behind it.
   * @param onFault called for each error of `onRecord`, and for each new one of the reading.
   */
  openReader(
    topics: readonly string[],
    options: ReaderOptions,
    onRecord: OnRecord,
    onFault?: OnFault,
  ): Promise<Reader>;
  /**
   * Reads ranges of a topic (committed records only) outside of any group, each partition in order and each record once. Skips what
   * the broker has deleted of them meanwhile.
   *
   * @param onRecords awaited; calling `enough` ends the reading.
   * @throws BankChurnError BROKER_UNAVAILABLE after 20 s without progress; at once what no waiting mends (a missing right, a
   *   refused login); what `onRecords` throws.
   */
  readRanges(topic: string, ranges: readonly OffsetRange[], onRecords: OnRecords): Promise<void>;
  /** A look at topics that fails soon, and says why: see {@link TopicProbe}. */
  openProbe(): TopicProbe;
  /** Runs something with an administrative connection that is closed afterwards. */
  administer<T>(work: (admin: KafkaAdmin) => Promise<T>): Promise<T>;
}

/** Where a group without committed offsets begins. */
export type StartFrom = 'earliest' | 'latest' | { readonly timestampMs: number };

export interface ConsumerSettings {
  readonly topic: string;
  readonly groupId: string;
  readonly startFrom: StartFrom;
  /** Membership ends this long after the last heartbeat. */
  readonly sessionTimeoutMs: number;
  /**
   * Where outputs of an earlier run end (the next offset to read), for a group whose committed offsets have expired.
   * Rejects with TOPIC_RECREATED or OFFSETS_UNCERTAIN if they do not say so for this group and this topic.
   */
  readonly writtenBefore?: WrittenBefore | undefined;
  /** What the partitions' transactions write to: `outputs` in the same partition, `singles` in their only one. */
  readonly outputs: readonly string[];
  readonly singles: readonly string[];
  readonly delivery: 'exactly-once' | 'at-least-once';
  /** Where tests put faults between the engines and the client. */
  readonly wrapGroup?: ((ports: GroupPorts) => GroupPorts) | undefined;
}

/** `topicId`: the present one of the input topic. undefined: nothing was written. */
export type WrittenBefore = (partition: number, topicId: string | undefined) => Promise<number | undefined>;

/** What happens to the consumer. */
export interface ConsumerEvents {
  /** Called in the synchronous part of the join: no fetch comes before it returns. */
  assigned(partitions: readonly number[]): void;
  deliver(partition: number, records: Records, delivery: Delivery): Promise<void>;
  /** About every second: what waits in each assigned partition, as far as it is known. */
  lag(lags: readonly PartitionLag[]): void;
  /** A sign of life: a fetch, a heartbeat or a join. */
  alive(): void;
  /** The group has taken a heartbeat. */
  heard(): void;
  /** Membership was lost, for the time being. */
  left(): void;
  /** The consumer cannot read now, and why. It tries again by itself; `assigned` says that it does. */
  failed(error: unknown): void;
  /** The consumer is gone for good: the process should end. */
  crashed(error: Error): void;
}

/** What waits in a partition. */
export interface PartitionLag {
  readonly partition: number;
  /**
   * From the first record not yet processed to the end of the partition. Counts what a reader may not see yet (open
   * transactions) and, in what has not been fetched, transaction markers; 0 if nothing but markers follows.
   */
  readonly records: number;
  /** Since the oldest of them was appended, milliseconds; 0 if none waits. */
  readonly ageMs: number;
}

export interface LoopConsumer {
  readonly source: Source;
  /** Resolves when it has begun, or has been stopped. What keeps it from reading goes to `failed`, and it tries again. */
  start(events: ConsumerEvents): Promise<void>;
  /** Waits for the batches in hand, leaves the group, disconnects. */
  stop(): Promise<void>;
  /** Opens the writer of an assigned partition: resolves when nobody else can change its offset any more (ADR 17). */
  readonly openWriter: OpenWriter;
}

/** A writer whose transactions nobody shares. */
export interface ExclusiveWriter extends Omit<Writer, 'begin' | 'claim'> {
  begin(): Promise<ExclusiveTransaction>;
}

export interface ExclusiveTransaction extends Transaction {
  /** Asserts that the broker's reply covers the partition, and returns the first record's offset. */
  send(emission: Emission): Promise<number>;
}

/** What a transaction under one id writes to. */
export interface WriterScope {
  readonly outputs: readonly { readonly topic: string; readonly partition: number }[];
  /** Whose offsets it commits; undefined: none. */
  readonly groupId: string | undefined;
}

export interface PartitionProducer {
  /** Writes to one partition, asserts that the broker's reply covers it, and returns the first record's offset. */
  send(emission: Emission): Promise<number>;
  close(): Promise<void>;
}

/** Writes records; their keys choose the partition as Java's clients do. */
export interface RecordProducer {
  /**
   * In the order given, one send after the other. A record is written once, also if an answer is lost and the send is
   * tried again; if this fails, each of these records is written once or not at all.
   */
  send(topic: string, records: readonly OutputRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface ReaderOptions {
  /** Else only what comes from now on. */
  readonly fromBeginning: boolean;
}

export type OnRecord = (topic: string, partition: number, record: SourceRecord) => void | Promise<void>;
export type OnFault = (error: unknown) => void;
export type OnRecords = (records: readonly SourceRecord[], enough: () => void) => void | Promise<void>;

/** A running reader of whole topics. */
export interface Reader {
  /** What it waits for at this moment; undefined while it reads. */
  fault(): unknown;
  close(): Promise<void>;
}

/** Offsets of one partition, `from` <= offset < `to`. */
export interface OffsetRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** How many partitions a topic has; `missing`: it does not exist; `forbidden`: this user may not DESCRIBE it. */
export type TopicState = number | 'missing' | 'forbidden';

/** Looks at topics over a connection of its own, which it keeps while it works. */
export interface TopicProbe {
  /** Rejects with a KafkaError, within some seconds, if no broker answers, or none takes the connection or the login. */
  look(topics: readonly string[]): Promise<ReadonlyMap<string, TopicState>>;
  close(): Promise<void>;
}

/** A topic as it should be. */
export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** A topic as it is. */
export interface TopicDescription {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Whether each partition has a leader. */
  readonly hasLeaders: boolean;
}

/** An offset that a group has committed (the next to read), and what its note says. */
export interface CommittedOffset extends OffsetNote {
  readonly offset: number;
}

export interface KafkaAdmin {
  listTopics(): Promise<readonly string[]>;
  /** Returns as soon as the broker has taken the order: leaders may still be missing. */
  createTopics(topics: readonly WantedTopic[]): Promise<void>;
  /** What there is of each of these topics. */
  topicStates(names: readonly string[]): Promise<ReadonlyMap<string, TopicState>>;
  /** Rejects if one of the topics does not exist. */
  describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]>;
  /** Values of some settings of a topic. */
  topicSettings(topic: string, names: readonly string[]): Promise<ReadonlyMap<string, string>>;
  deleteTopics(names: readonly string[]): Promise<void>;
  deleteGroups(ids: readonly string[]): Promise<void>;
  /** What the broker holds of each partition of a topic, by partition. */
  offsetBounds(topic: string): Promise<readonly OffsetRange[]>;
  /** Of each partition the first offset that is as new as this (the partition's end if there is none). */
  offsetsSince(topic: string, timestampMs: number): Promise<ReadonlyMap<number, number>>;
  /** Offsets that a group has committed; partitions without one are left out. */
  committedOffsets(groupId: string, topic: string): Promise<ReadonlyMap<number, CommittedOffset>>;
  /**
   * The id that Kafka gave the topic when it was created. undefined: the broker is too old to give ids (before 2.8).
   * Rejects if the topic does not exist.
   */
  topicId(topic: string): Promise<string | undefined>;
  /** Running members of a consumer group. */
  groupMembers(groupId: string): Promise<number>;
}
