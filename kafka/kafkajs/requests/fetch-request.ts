/** Fetching from the leader of some partitions. */
import type { FetchedPartition } from '../../group/ports.ts';
import { requestOf, type WireRequest } from './request.ts';
import type { WireReader } from './wire.ts';

export interface FetchFrom {
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

export interface Fetched {
  /** Of the request as a whole. */
  readonly code: number;
  readonly partitions: readonly FetchedPartition[];
}

/** Only what transactions have committed, and what belongs to none. */
const READ_COMMITTED = 1;
/** Not a follower, no session, no epoch, no start of a log of its own. */
const NONE = -1;
const OFFSET_OUT_OF_RANGE = 1;
/** The partition is elsewhere, or nowhere at the moment: UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, NOT_LEADER, … */
const MOVED = new Set([3, 5, 6, 9, 56, 74, 75, 78, 100, 103]);

/** Version 10 (Kafka 2.1): the first to bring zstd. Record sets are views of the answer. */
export const fetchRequest = (
  topic: string,
  from: readonly FetchFrom[],
  maxBytes: number,
  maxWaitMs: number,
): WireRequest<Fetched> =>
  requestOf(
    { apiName: 'Fetch', apiKey: 1, apiVersion: 10, waitMs: maxWaitMs },
    (into) =>
      into
        .int32(NONE)
        .int32(maxWaitMs)
        .int32(1) // from the first byte on
        .int32(maxBytes)
        .int8(READ_COMMITTED)
        .int32(0)
        .int32(NONE)
        .array([topic], (name) =>
          into
            .text(name)
            .array(from, (of) =>
              into.int32(of.partition).int32(NONE).int64(of.offset).int64(NONE).int32(of.maxBytes),
            ),
        )
        .int32(0), // topics that a session forgets
    (answer) => {
      const code = answer.int16();
      answer.int32(); // the session: none
      const partitions = answer.array(() => {
        answer.text(); // the topic: there is one
        return answer.array(() => readPartition(answer));
      });
      return { code, partitions: partitions.flat() };
    },
  );

function readPartition(answer: WireReader): FetchedPartition {
  const partition = answer.int32();
  const code = answer.int16();
  const highWatermark = answer.int64();
  const lastStableOffset = answer.int64();
  answer.int64(); // where the log begins
  const aborted = answer.array(() => ({ producerId: answer.bigint64(), firstOffset: answer.int64() }));
  return {
    partition,
    error: errorOf(code),
    code,
    highWatermark,
    lastStableOffset,
    aborted,
    set: answer.bytes(),
  };
}

function errorOf(code: number): FetchedPartition['error'] {
  if (code === 0) return undefined;
  if (code === OFFSET_OUT_OF_RANGE) return 'out-of-range';
  return MOVED.has(code) ? 'not-leader' : 'other';
}
