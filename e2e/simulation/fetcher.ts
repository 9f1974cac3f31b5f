/** The fetching side of a consumer: it may hand records on twice, or from a second fetcher, as a client may. */
import { recordsOf, type Records } from '../../schemas/records.ts';
import type { Delivery, SourceRecord } from '../../schemas/ports.ts';
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import type { MemberContext } from './member-context.ts';

interface Position {
  isPaused: boolean;
  next: number;
  inHand: number;
  isFetching: boolean;
}

export interface Fetcher {
  /** What the loop sees of it. */
  readonly source: LoopPorts['source'];
  /** Whether records of no partition are in hand. */
  isIdle(): boolean;
  isBusy(partition: number): boolean;
  /** No further fetch is begun. */
  stop(): void;
}

/** Takes what was fetched. Resolves when the records are no longer in hand. */
type HandOn = (partition: number, records: Records, resolve: Delivery['resolve']) => Promise<void>;

export function createFetcher(context: MemberContext, handOn: HandOn): Fetcher {
  const { broker, process, random, bent } = context;
  const positions = new Map<number, Position>();
  let isStopping = false;

  const at = (partition: number): Position => {
    const found = positions.get(partition) ?? { isPaused: false, next: 0, inHand: 0, isFetching: false };
    positions.set(partition, found);
    return found;
  };

  function poll(partition: number): void {
    const position = at(partition);
    const isElsewhere = random.int(40) === 0; // a second fetcher, where a leader has moved
    if (isStopping || position.isPaused || position.isFetching || (position.inHand > 0 && !isElsewhere))
      return;
    position.isFetching = true;
    const from = position.next;
    const size = 1 + random.int(10);
    process
      .call(() => broker.input[partition]!.filter((offset) => offset >= from).slice(0, size))
      .catch((): number[] => [])
      .then((offsets) => {
        position.isFetching = false;
        if (from > position.next && bent.staleFetches !== true) {
          poll(partition); // what the port promises
          return;
        }
        if (position.isPaused && random.int(5) > 0) return;
        if (offsets.length > 0) deliver(partition, offsets);
        else void process.sleep(40).then(() => poll(partition));
      }, context.onFault);
  }

  function deliver(partition: number, offsets: readonly number[]): void {
    const position = at(partition);
    position.inHand += 1;
    handOn(partition, recordsOf(offsets.map(toRecord)), (offset) => void (position.next = offset + 1))
      .finally(() => {
        position.inHand -= 1;
        poll(partition);
      })
      .catch(context.onFault);
    if (random.int(25) === 0) deliver(partition, offsets); // twice, at the same time
  }

  return {
    source: {
      pause: (partitions) => partitions.forEach((p) => (at(p).isPaused = true)),
      resume: (partition) => {
        at(partition).isPaused = false;
        poll(partition);
      },
      seek: (partition, offset) => void (at(partition).next = offset),
      position: (partition) => process.call(() => knownOf(context, partition)),
    },
    isIdle: () => [...positions.values()].every(({ inHand }) => inHand === 0),
    isBusy: (partition) => at(partition).inHand > 0,
    stop: () => (isStopping = true),
  };
}

/** What the broker says of an input partition. */
function knownOf({ broker, movingStart }: MemberContext, partition: number) {
  const high = broker.high(partition);
  return { committed: broker.committed(partition), start: movingStart ? high : 0, low: 0, high };
}

const toRecord = (offset: number): SourceRecord => ({
  offset,
  timestampMs: 0,
  key: null,
  value: Buffer.from(String(offset)),
  headers: {},
});
