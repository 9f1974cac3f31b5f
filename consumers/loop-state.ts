/** What the loop knows, what can happen to it, and what it asks for. Handles (writers, roles, deliveries) are carried, never called. */
import type { Batch, Decision, Delivery, Position, Role, Writer } from '../schemas/ports.ts';
import type { Records } from '../schemas/records.ts';
import type { StageTimes } from './loop-ports.ts';

/** Where a partition stands. `loop-step.ts` has the table of transitions. */
export type Phase =
  /** A writer is being opened: this fences every predecessor. */
  | 'opening'
  /** The committed offset is being read: after the fence, so no predecessor can move it. */
  | 'locating'
  /** Where we go on is being committed in our name: from then on whoever takes over knows whom to fence. */
  | 'claiming'
  /** The role is being made. */
  | 'preparing'
  /** Ready, and nothing is in hand. */
  | 'idle'
  /** The role decides about a batch. */
  | 'deciding'
  /** The decision is being written and committed. */
  | 'writing'
  /** A batch failed; the group is asked whether the partition is still ours. */
  | 'asking'
  /** Waiting before the next try. */
  | 'resting'
  /** The group did not answer; asked again until it does or assigns anew. */
  | 'unheard'
  /** Stopped, or failed for good. */
  | 'ended';

/** Records of one fetch that are not processed yet. */
export interface Work {
  readonly delivery: InHand;
  readonly records: Records;
}

/** A delivery, and the promise of its caller. */
export interface InHand extends Delivery {
  /** Ends the delivery: with an error only for an error of the group. */
  settle(error?: unknown): void;
}

export interface Partition {
  readonly partition: number;
  readonly phase: Phase;
  /** One attempt to own the partition. What answers another turn comes too late. */
  readonly turn: number;
  /** Failed tries since the last success. */
  readonly failures: number;
  /** First offset of a batch that failed, -1 for none: until it is committed, the partition is not ready. */
  readonly owed: number;
  /** Kafka's id of the topic, read before the offset was: undefined before that, and if Kafka does not give ids. */
  readonly topicId: string | undefined;
  /** The offset to process next. */
  readonly next: number;
  /** When the partition became ready, milliseconds since 1970. */
  readonly armedAtMs: number;
  /** Deliveries, the one in hand first. */
  readonly work: readonly Work[];
  readonly writer: Writer | undefined;
  readonly role: Role | undefined;
  /** Why the group is being asked; undefined: the writer alone is no longer sound. */
  readonly error: unknown;
  /** The batch in hand, and the one that failed while the group is asked. */
  readonly batch: Batch | undefined;
  readonly suspicion: Suspicion;
  /** Last wait for a word of the group, milliseconds. */
  readonly waitMs: number;
  /** Whose heartbeat asks the group while the partition is `unheard`. */
  readonly asks: Delivery | undefined;
}

/** What is known of records that cannot be processed (`loop-suspicion.ts`). */
export interface Suspicion {
  /** Last offset of the batch that failed; -1: nothing is suspected. */
  readonly until: number;
  /** How often it failed in a row. */
  readonly tries: number;
  /** Records of a batch at most, while something is suspected. */
  readonly limit: number;
  /** Bytes of a send at most, learned from a broker that found more too large. */
  readonly sendBytes: number;
  /** Records that failed alone, by offset: each leaves as the role's rejection. */
  readonly condemned: ReadonlyMap<number, Condemned>;
  /** Rejections without a processed batch in between. */
  readonly rejectedInRow: number;
}

/** Why a record was condemned, and whether its full rejection could not be written. */
export interface Condemned {
  readonly error: unknown;
  readonly isCut: boolean;
}

export interface LoopState {
  readonly stopping: boolean;
  /** The last turn that was given out. */
  readonly lastTurn: number;
  readonly partitions: ReadonlyMap<number, Partition>;
}

export const INITIAL_STATE: LoopState = { stopping: false, lastTurn: 0, partitions: new Map() };

/** Something happened to one partition. `inHand`: the delivery that waits for it. */
export type PartitionHappening = { readonly partition: number } & (
  | { readonly kind: 'delivered'; readonly work: Work; readonly nowMs: number }
  | ({ readonly turn: number } & (
      | { readonly kind: 'opened'; readonly writer: Writer }
      | { readonly kind: 'located'; readonly position: Position }
      | { readonly kind: 'claimed' }
      | { readonly kind: 'prepared'; readonly role: Role; readonly nowMs: number }
      | { readonly kind: 'decided'; readonly batch: Batch; readonly decision: Decision; readonly decideMs: number; readonly inHand: InHand }
      | { readonly kind: 'written'; readonly batch: Batch; readonly decision: Decision; readonly stageMs: StageTimes; readonly inHand: InHand }
      | { readonly kind: 'failed'; readonly error: unknown; readonly inHand: InHand | undefined }
      | { readonly kind: 'unsound'; readonly inHand: InHand | undefined }
      | { readonly kind: 'heard'; readonly inHand: InHand | undefined }
      | { readonly kind: 'unheard'; readonly cause: unknown; readonly inHand: InHand | undefined }
      | { readonly kind: 'waited' }
    ))
); // prettier-ignore

export type Happening =
  | { readonly kind: 'assigned'; readonly partitions: readonly number[] }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'closing' }
  | PartitionHappening;

interface At {
  readonly partition: number;
  readonly turn: number;
}

/** What the driver is to do. Those with a turn answer with a happening of that turn. */
export type Effect =
  | { readonly do: 'pause'; readonly partitions: readonly number[] }
  | ({ readonly do: 'start'; readonly offset: number } & At)
  | ({ readonly do: 'open' } & At)
  | ({ readonly do: 'locate' } & At)
  | ({ readonly do: 'claim'; readonly writer: Writer; readonly offset: number; readonly topicId: string | undefined } & At)
  | ({ readonly do: 'prepare'; readonly offset: number } & At)
  | ({ readonly do: 'decide'; readonly batch: Batch; readonly writer: Writer; readonly role: Role; readonly inHand: InHand } & At)
  | ({ readonly do: 'reject'; readonly batch: Batch; readonly condemned: Condemned; readonly inHand: InHand } & At)
  | ({ readonly do: 'write'; readonly batch: Batch; readonly writer: Writer; readonly decision: Decision; readonly maxSendBytes: number; readonly decideMs: number; readonly inHand: InHand } & At)
  | ({ readonly do: 'ask'; readonly delivery: Delivery; readonly inHand: InHand | undefined } & At)
  | ({ readonly do: 'wait'; readonly ms: number } & At)
  | { readonly do: 'close'; readonly writer: Writer }
  | ({ readonly do: 'resolve'; readonly inHand: InHand; readonly offset: number } & At)
  | { readonly do: 'settle'; readonly inHand: InHand; readonly error?: unknown }
  | { readonly do: 'report-armed'; readonly partition: number; readonly offset: number }
  | { readonly do: 'report-committed'; readonly batch: Batch; readonly decision: Decision; readonly stageMs: StageTimes }
  | { readonly do: 'report-disarmed'; readonly partition: number; readonly error: unknown; readonly retryInMs: number }
  | { readonly do: 'report-fatal'; readonly error: unknown }; // prettier-ignore

/** What a transition needs besides the partition. */
export interface LoopRules {
  readonly topic: string;
  readonly maxBatchRecords: number;
  readonly maxSendBytes: number;
  readonly backOffMs: { readonly first: number; readonly longest: number };
}
