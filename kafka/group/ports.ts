/**
 * What the group's engines (`member.ts`, `fetcher.ts`, `shared-writer.ts`, `takeover.ts`) need of a client library: single requests,
 * without a plan of their own. The engines hold the law (ADR 1 and 17) and run under the simulation; `kafka/kafkajs/` has the requests.
 *
 * Every call rejects with a BankChurnError or KafkaError; what a caller acts on is a value or has a `kind` below.
 */
import type { EncodedRecords } from '../../schemas/record-frames.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Who a member is in one generation of the group: the coordinator takes offsets from the present one alone. */
export interface Generation {
  readonly generationId: number;
  readonly memberId: string;
}

/** The group's own word about a member, thrown by what carries a generation. */
export class GroupRefusal extends Error {
  /**
   * `rebalancing`: join again, as the same member. `unknown-member`: join again, as a new one. `stale`: this generation is over.
   * `incompatible`: members of the group divide its partitions in another way (an older release). `fenced`: another has our place.
   */
  readonly kind: 'rebalancing' | 'unknown-member' | 'stale' | 'incompatible' | 'fenced';
  constructor(kind: GroupRefusal['kind'], message: string) {
    super(message);
    this.name = 'GroupRefusal';
    this.kind = kind;
  }
}

/** All that a consumer's engines work with. */
export interface GroupPorts {
  readonly group: GroupPort;
  readonly offsets: OffsetsPort;
  readonly transactions: TransactionsPort;
  readonly fetch: FetchPort;
  close(): Promise<void>;
}

/* ---- membership ---- */

/** A member as the leader sees it. */
export interface GroupMember {
  readonly memberId: string;
  /** Name of the transactional writer that the member uses in this generation. */
  readonly writerId: string;
}

export interface JoinedGroup extends Generation {
  /** Of the leader only: all members. Empty for the others. */
  readonly members: readonly GroupMember[];
  readonly isLeader: boolean;
}

/** What the leader gives a member. */
export interface MemberAssignment {
  readonly memberId: string;
  readonly partitions: readonly number[];
  /** Writers that offsets name, and that are no member's: the leader has fenced them. */
  readonly goneWriters: readonly string[];
}

/** Requests to the group's coordinator. Each looks it up again by itself after it has moved, and rejects when it is away. */
export interface GroupPort {
  /**
   * Waits in the coordinator until the group agrees (up to the rebalance timeout).
   *
   * @param memberId '' for a new member.
   * @throws GroupRefusal
   */
  join(memberId: string, writerId: string): Promise<JoinedGroup>;
  /** @param assignments of the leader; empty for the others. @throws GroupRefusal */
  sync(of: Generation, assignments: readonly MemberAssignment[]): Promise<Omit<MemberAssignment, 'memberId'>>;
  /** @throws GroupRefusal */
  heartbeat(of: Generation): Promise<void>;
  leave(memberId: string): Promise<void>;
  /** How many partitions the topic has now. */
  partitions(): Promise<number>;
}

/* ---- offsets ---- */

/** A committed offset and the text that lies with it; `undefined` offset: none is committed. */
export interface NotedOffset {
  readonly offset: number | undefined;
  readonly note: string;
}

export interface OffsetCommit extends NotedOffset {
  readonly partition: number;
  readonly offset: number;
}

/** Offsets of the group in its topic. */
export interface OffsetsPort {
  /**
   * @param stable true: a partition with an open transaction of any writer answers 'unstable' (KIP-447, require_stable).
   *   false: its last committed offset, whatever is open.
   */
  read(
    partitions: readonly number[],
    stable: boolean,
  ): Promise<ReadonlyMap<number, NotedOffset | 'unstable'>>;
  /** Commits at once, in no transaction. @throws GroupRefusal if the generation is over. */
  commit(of: Generation, offsets: readonly OffsetCommit[]): Promise<void>;
}

/* ---- transactions ---- */

/** One batch for one partition; a request has at most one for each partition. */
export interface ProduceBatch extends TopicPartition {
  readonly records: EncodedRecords;
}

/** What the broker says of one batch: the offset of its first record, or why it was not taken. */
export interface Produced extends TopicPartition {
  readonly baseOffset: number;
  /** `OUTPUT_TOO_LARGE` and the like come of what the batch holds; all others of the world. */
  readonly error: Error | undefined;
}

/** A producer under a transactional id, from the moment that it has fenced whoever used the id before. After any rejection it is in doubt: close it, open another. */
export interface TransactionalProducer {
  /** False for good once any of its connections has broken. */
  isSound(): boolean;
  /** Begins a transaction if none is open, and says which partitions it writes to. Waits while the last one is being completed. */
  addPartitions(partitions: readonly TopicPartition[]): Promise<void>;
  /** One request to each leader, side by side. Resolves with a result for each batch, in their order. */
  produce(batches: readonly ProduceBatch[]): Promise<readonly Produced[]>;
  /** @throws GroupRefusal if the generation is over (KIP-447): abort the transaction. */
  commitOffsets(of: Generation, offsets: readonly OffsetCommit[]): Promise<void>;
  end(commits: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Where the markers of an id's last transaction are written again (KAFKA-20734): output partitions, and the group's offsets. */
export interface MarkerScope {
  readonly outputs: readonly TopicPartition[];
  readonly withOffsets: boolean;
}

export interface TransactionsPort {
  /** Opens our own id: fences its users, decides its last transaction in all of `scope`. */
  open(transactionalId: string, scope: MarkerScope): Promise<TransactionalProducer>;
  /**
   * Ends what is open under the id of a process that is gone, fences it, and decides its last transaction in all of `scope`; leaves the
   * decision readable for others that take over other partitions of it. Several may do so at once: all but one may reject and try again.
   */
  fence(transactionalId: string, scope: MarkerScope): Promise<void>;
  /** For at-least-once: produces with no transaction: `addPartitions` and `end` do nothing, `commitOffsets` commits at once. */
  openPlain(): Promise<TransactionalProducer>;
}

/* ---- fetching ---- */

/** What a fetch brought of one partition. */
export interface FetchedPartition {
  readonly partition: number;
  readonly error: 'out-of-range' | 'not-leader' | 'other' | undefined;
  readonly code: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: number }[];
  /** Record batches as they lie in the log; the last one may be cut. */
  readonly set: Buffer;
}

export interface FetchPort {
  /** The leader of each partition; asks the cluster again if `isStale`. */
  leaders(isStale: boolean): Promise<ReadonlyMap<number, string>>;
  /** One fetch from one broker, read_committed. Waits there up to `maxWaitMs` for a first byte. */
  fetch(
    leader: string,
    from: readonly { readonly partition: number; readonly offset: number; readonly maxBytes: number }[],
    maxWaitMs: number,
  ): Promise<readonly FetchedPartition[]>;
}
