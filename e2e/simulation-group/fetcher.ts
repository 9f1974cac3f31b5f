/** The fetching side of a consumer: it may hand records on twice, or from a second fetcher, as a client may. */
import type { Delivery, Position as Located, SourceRecord } from '../../schemas/ports.ts';
import { recordsOf, type Records } from '../../schemas/records.ts';
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import type { KafkaPorts } from './kafka-ports.ts';
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
  /** Of how many partitions records are in hand. */
  inHand(): number;
  isBusy(partition: number): boolean;
  /** No further fetch is begun. */
  stop(): void;
}

/** Takes what was fetched. Resolves when the records are no longer in hand. */
type HandOn = (partition: number, records: Records, resolve: Delivery['resolve']) => Promise<void>;

export function createFetcher(
  context: MemberContext,
  offsets: KafkaPorts['offsets'],
  handOn: HandOn,
): Fetcher {
  const { kafka, process, random, bent } = context;
  const positions = new Map<number, Position>();
  let isStopping = false;

  const at = (partition: number): Position => {
    const found = positions.get(partition) ?? { isPaused: false, next: 0, inHand: 0, isFetching: false };
    positions.set(partition, found);
    return found;
  };

  function poll(partition: number): void {
    const position = at(partition);
    const isElsewhere = random.int(15) === 0; // a second fetcher, where a leader has moved
    if (isStopping || position.isPaused || position.isFetching || (position.inHand > 0 && !isElsewhere))
      return;
    position.isFetching = true;
    const from = position.next;
    const size = 1 + random.int(10);
    process
      .call(() => kafka.input[partition]!.filter((offset) => offset >= from).slice(0, size))
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
      }, context.onViolation);
  }

  function deliver(partition: number, offsets: readonly number[]): void {
    const position = at(partition);
    position.inHand += 1;
    handOn(partition, recordsOf(offsets.map(toRecord)), (offset) => void (position.next = offset + 1))
      .finally(() => {
        position.inHand -= 1;
        poll(partition);
      })
      .catch(context.onViolation);
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
      position: (partition) => positionOf(context, offsets, partition),
    },
    inHand: () => [...positions.values()].filter(({ inHand }) => inHand > 0).length,
    isBusy: (partition) => at(partition).inHand > 0,
    stop: () => (isStopping = true),
  };
}

/** What Kafka says of an input partition. That nobody can change the offset any more is the writer's care. */
async function positionOf(
  { kafka, process, movingStart }: MemberContext,
  offsets: KafkaPorts['offsets'],
  partition: number,
): Promise<Located> {
  const found = (await offsets.read([partition], false)).get(partition)!;
  const high = await process.call(() => kafka.high(partition));
  const committed = found === 'unstable' ? undefined : found.offset;
  return { committed, start: movingStart ? high : 0, low: 0, high };
}

const toRecord = (offset: number): SourceRecord => ({
  offset,
  timestampMs: 0,
  key: null,
  value: Buffer.from(String(offset)),
  headers: {},
});
