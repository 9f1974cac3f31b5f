/** What surrounds the loop: its ports and options, what it reports, and how it is driven. */
import type {
  Batch,
  Clock,
  Decision,
  Delivery,
  OpenWriter,
  OpenRole,
  Reject,
  Source,
} from '../schemas/ports.ts';
import type { Records } from '../schemas/records.ts';

/** What the loop reports; nothing in it decides anything. */
export interface LoopObserver {
  armed(partition: number, offset: number): void;
  committed(batch: Batch, decision: Decision, stageMs: StageTimes): void;
  /** A batch was given up and nothing of it was committed; the partition is armed again after `retryInMs`. */
  disarmed(partition: number, error: unknown, retryInMs: number): void;
  /** A record failed alone and leaves as a rejection. */
  rejected(partition: number, offset: number, error: unknown): void;
  /** The loop cannot go on. */
  fatal(error: unknown): void;
}

/** Milliseconds one batch spent in each stage. */
export interface StageTimes {
  readonly decide: number;
  readonly send: number;
  readonly commit: number;
}

export interface LoopOptions {
  readonly topic: string;
  /** Records of one transaction at most. */
  readonly maxBatchRecords: number;
  /** Bytes of one send at most (a single larger record is sent alone). */
  readonly maxSendBytes: number;
  /** Longest wait for the broker to take a transaction; twice that for a writer to be opened. Later is in doubt, milliseconds. */
  readonly answerTimeoutMs: number;
  /** First and longest wait before a partition is armed again, milliseconds; doubles in between. */
  readonly backOffMs: { readonly first: number; readonly longest: number };
}

export interface LoopPorts {
  readonly source: Source;
  readonly openWriter: OpenWriter;
  readonly openRole: OpenRole;
  readonly reject: Reject;
  readonly clock: Clock;
  readonly observer: LoopObserver;
}

export interface Loop {
  /** The group gave us these partitions. What runs before the first `await` runs before any fetch. */
  assigned(partitions: readonly number[]): void;
  /** Records of one partition, in order. Resolves when they are committed or given up; rejects only with a group error. */
  deliver(partition: number, records: Records, delivery: Delivery): Promise<void>;
  /** The group has taken a heartbeat: writers at rest that are no longer sound are opened again. */
  beat(): void;
  /** No further batch is begun; the one in hand is finished. */
  stop(): void;
  /** Closes the writers. After `stop`, when the consumer has left the group. */
  close(): Promise<void>;
  /** Partitions assigned, and those of them that process what comes. */
  state(): { readonly assigned: readonly number[]; readonly ready: readonly number[] };
}
