/** A fetcher that may hand records on twice, or from a second fetch, as far as the loop's port allows it to a client. */
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import { recordsOf, type Records } from '../../schemas/records.ts';
import type { Delivery } from '../../schemas/ports.ts';
import { toRecord } from './fetch-port.ts';
import type { ScorerContext } from './scorer-context.ts';

interface Position {
  isPaused: boolean;
  next: number;
  inHand: number;
  isFetching: boolean;
}

/** What a consumer needs of the side that fetches. */
export interface ConsumerFetcher extends Pick<LoopPorts['source'], 'pause' | 'resume' | 'seek'> {
  /** No further fetch is begun. */
  halt(): void;
  /** Resolves when no records are in hand. */
  settled(): Promise<void>;
}

/** Takes what was fetched. Resolves when the records are no longer in hand. */
type HandOn = (partition: number, records: Records, resolve: Delivery['resolve']) => Promise<void>;

/** The broker waits so long for a record. */
const WAIT_MS = 100;

export function createCarelessFetcher(context: ScorerContext, handOn: HandOn): ConsumerFetcher {
  const { kafka, process, random, bent } = context;
  const positions = new Map<number, Position>();
  let isStopping = false;

  const at = (partition: number): Position => {
    const found = positions.get(partition) ?? { isPaused: false, next: 0, inHand: 0, isFetching: false };
    positions.set(partition, found);
    return found;
  };

  const there = (from: number, partition: number): number[] =>
    kafka.input[partition]!.filter((offset) => offset >= from);

  function poll(partition: number): void {
    const position = at(partition);
    const isElsewhere = random.int(15) === 0; // a second fetcher, where a leader has moved
    if (isStopping || position.isPaused || position.isFetching || (position.inHand > 0 && !isElsewhere))
      return;
    position.isFetching = true;
    const from = position.next;
    const size = 1 + random.int(10);
    process
      .call(async () => {
        if (there(from, partition).length === 0) await kafka.appended(WAIT_MS);
        return there(from, partition).slice(0, size);
      })
      .catch((): number[] => [])
      .then((offsets) => {
        position.isFetching = false;
        if (from > position.next && bent.staleFetches !== true) {
          poll(partition); // what the port promises
          return;
        }
        if (position.isPaused && random.int(3) > 0) return;
        if (offsets.length > 0) deliver(partition, offsets);
        else void process.sleep(1).then(() => poll(partition));
      }, context.onViolation);
  }

  function deliver(partition: number, offsets: readonly number[]): void {
    const position = at(partition);
    position.inHand += 1;
    handOn(partition, recordsOf(offsets.map(toRecord)), (offset) => void (position.next = offset + 1))
      .catch(() => undefined)
      .finally(() => {
        position.inHand -= 1;
        poll(partition);
      })
      .catch(context.onViolation);
    if (random.int(25) === 0) deliver(partition, offsets); // twice, at the same time
  }

  return {
    pause: (partitions) => partitions.forEach((p) => (at(p).isPaused = true)),
    resume: (partition) => {
      at(partition).isPaused = false;
      poll(partition);
    },
    seek: (partition, offset) => void (at(partition).next = offset),
    halt: () => (isStopping = true),
    settled: async () => {
      while ([...positions.values()].some(({ inHand }) => inHand > 0)) await process.sleep(5);
    },
  };
}
