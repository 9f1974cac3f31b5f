/** A consumer of the group's real engines, put together as `kafka/kafkajs/group-consumer.io.ts` does it. */
import type { Loop, LoopPorts } from '../../consumers/loop-ports.ts';
import { createFetcher } from '../../kafka/group/fetcher.ts';
import { createMember, type Member, type MemberSettings } from '../../kafka/group/member.ts';
import { GroupRefusal, type Generation } from '../../kafka/group/ports.ts';
import {
  claimInDoubt,
  createSharedWriter,
  type SharedWriter,
  type SharedWriterPorts,
} from '../../kafka/group/shared-writer.ts';
import {
  createTakeover,
  fenceGone,
  type FencePorts,
  type TakeoverPorts,
} from '../../kafka/group/takeover.ts';
import type { Delivery, Position } from '../../schemas/ports.ts';
import { lastOffset, type Records } from '../../schemas/records.ts';
import { createCarelessFetcher, type ConsumerFetcher } from './careless-fetcher.ts';
import { readFetched } from './fetch-port.ts';
import { SESSION_MS } from './group.ts';
import { createKafkaPorts, type KafkaPorts } from './kafka-ports.ts';
import type { ScorerContext } from './scorer-context.ts';
import { encode } from './values.ts';

export interface Consumer {
  readonly source: LoopPorts['source'];
  readonly openWriter: LoopPorts['openWriter'];
  start(loop: Loop): void;
  stop(): Promise<void>;
}

/** Here all is faster than in the world: sessions last 120 ms. */
const TAKEOVER_TIME = 8;
const LINGER_MS = 3;
const RETRY_MS = { first: 10, longest: 80 };
const MEMBER_TIMES = {
  ...{ heartbeatMs: 50, partitionCheckMs: 2000, quiesceMs: 100, leaveMs: 100 },
  ...{ retryMs: RETRY_MS, incompatibleMs: 50 },
};
const FETCH_RULES = { maxWaitMs: 100, shortWaitMs: { first: 5, longest: 20 }, retryMs: RETRY_MS };

export function createConsumer(context: ScorerContext): Consumer {
  const { id, process, bent, kafka, random } = context;
  const plain = createKafkaPorts(kafka, process, random, bent.careless);
  const bentPorts = bent.kafka?.(plain, () => member.generation(), id) ?? plain;
  const ports = refusalsHeard(bentPorts, (...refusal) => member.lose(...refusal));
  let inHand = 0;
  let loop: Loop | undefined;
  const fencePorts = fencingOf(context, ports);
  const fence: MemberSettings['fenceGone'] = (live, partitions) => fenceGone(fencePorts, live, partitions);
  const writer = createWriter(context, ports, fencePorts, () => member, () => inHand); // prettier-ignore
  const deliver = async (partition: number, records: Records, delivery: Delivery): Promise<void> => {
    inHand += 1;
    bent.fetched?.(id, partition, lastOffset(records));
    try {
      await loop?.deliver(partition, records, bent.delivery?.(delivery) ?? delivery);
    } finally {
      inHand -= 1;
    }
  };
  const { fetcher, assign } = openFetcher(context, ports, deliver, () => member);
  const member = createMember({
    ...{ group: ports.group, groupId: 'g', clock: clockOf(context), random: () => random.next() },
    ...{ sessionTimeoutMs: SESSION_MS, writerId: id, times: MEMBER_TIMES },
    quiesce: () => (bent.joinsAtOnce === true ? Promise.resolve() : writer.quiesce()),
    fenceGone: bent.fenceGone?.(fence) ?? fence,
    events: {
      assigned: ({ generation, partitions, goneWriters }) => {
        context.say(
          `generation ${String(generation.generationId)}: ${partitions.join()} gone ${goneWriters.join()}`,
        );
        assign(partitions, generation);
        loop?.assigned(partitions);
        void writer.settle();
      },
      heard: () => {
        loop?.beat();
        void writer.settle();
      },
      left: () => assign([], undefined),
      failed: () => undefined,
      crashed: (error) => context.onViolation(`the member crashed: ${String(error)}`),
    },
  });
  return {
    source: { ...fetcher, position: (partition) => positionOf(context, ports.offsets, partition) },
    openWriter: writer.openWriter,
    start: (owner) => {
      loop = owner;
      member.start();
    },
    stop: async () => {
      fetcher.halt();
      await fetcher.settled();
      await member.stop();
      await writer.close().catch(() => undefined);
    },
  };
}

const clockOf = ({ time, process }: ScorerContext) => ({ now: time.now, sleep: process.sleep });

/** The coordinator's word about a generation is news for the member, whoever hears it. */
function refusalsHeard(ports: KafkaPorts, tell: (of: Generation, error: GroupRefusal) => void): KafkaPorts {
  const hear = async <T>(of: Generation, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof GroupRefusal) tell(of, error);
      throw error;
    }
  };
  const { offsets, transactions } = ports;
  return {
    ...ports,
    offsets: { ...offsets, commit: (of, commits) => hear(of, offsets.commit(of, commits)) },
    transactions: {
      ...transactions,
      open: async (...what) => {
        const producer = await transactions.open(...what);
        return {
          ...producer,
          commitOffsets: (of, commits) => hear(of, producer.commitOffsets(of, commits)),
        };
      },
    },
  };
}

type Deliver = (partition: number, records: Records, delivery: Delivery) => Promise<void>;

/** The real fetcher, or one that keeps no more than what the loop's port promises. */
function openFetcher(
  context: ScorerContext,
  { fetch }: KafkaPorts,
  deliver: Deliver,
  member: () => Member,
): { fetcher: ConsumerFetcher; assign(partitions: readonly number[], of: Generation | undefined): void } {
  const crashed = (error: unknown): void => context.onViolation(`the fetcher crashed: ${String(error)}`);
  const outOfRange = (partition: number): void =>
    context.onViolation(`the fetcher is out of the range of ${String(partition)}`);
  const confirm = (of: Generation | undefined): Promise<void> =>
    of === undefined ? Promise.reject(new GroupRefusal('stale', 'no member')) : member().confirm(of);
  if (context.isCarelessClient) {
    const fetcher = createCarelessFetcher(context, async (partition, records, resolve) => {
      const of = member().generation();
      await deliver(partition, records, { heartbeat: () => confirm(of), resolve });
    });
    return { fetcher, assign: () => undefined };
  }
  const fetcher = createFetcher({
    ...{ topic: 'in', port: fetch, clock: clockOf(context), rules: FETCH_RULES },
    read: readFetched,
    errorOf: (code) => new Error(`code ${String(code)}`),
    lag: { fetched: () => undefined, processed: () => undefined },
    events: { deliver, alive: () => undefined, outOfRange, crashed },
  });
  return {
    fetcher,
    assign: (partitions, of) => {
      if (of === undefined) fetcher.halt();
      else
        fetcher.assign(partitions, {
          confirm: () => confirm(of),
          lose: (error) => member().lose(of, error),
        });
    },
  };
}

export const idOf = (writer: string): string => `g.w.${writer}`;
export const formerId = (partition: number): string => `g.in.${String(partition)}`;

function fencingOf({ bent }: ScorerContext, { offsets, transactions }: KafkaPorts): FencePorts {
  const ports: FencePorts = {
    ...{ offsets, transactions, idOf, formerId },
    outputsOf: (partition) => [
      { topic: 'out', partition },
      { topic: 'counts', partition: 0 },
    ],
  };
  return bent.fencing?.(ports) ?? ports;
}

/** The shared writer, and the takeover under it. */
function createWriter(
  { id, process, time, bent }: ScorerContext,
  { offsets, transactions }: KafkaPorts,
  fencing: FencePorts,
  member: () => Member,
  inHand: () => number,
): SharedWriter {
  const takeover: TakeoverPorts = {
    offsets,
    writer: id,
    clock: { now: () => time.now() * TAKEOVER_TIME, sleep: (ms) => process.sleep(ms / TAKEOVER_TIME) },
    goneWriters: () => member().goneWriters(),
  };
  const takeOver = createTakeover(bent.takeover?.(takeover, fencing) ?? takeover);
  const ports: SharedWriterPorts = {
    onClaimInDoubt: (of) => member().lose(of, claimInDoubt()),
    ...{ takeOver, offsets, inHand, encode },
    openProducer: (written) => transactions.open(idOf(id), { outputs: written, withOffsets: true }),
    generation: () => member().generation(),
    sleep: process.sleep,
    writer: id,
    lingerMs: LINGER_MS,
  };
  return createSharedWriter(bent.writer?.(ports) ?? ports);
}

/** What Kafka says of an input partition. That nobody can change the offset any more is the writer's care. */
async function positionOf(
  { kafka, process, movingStart }: ScorerContext,
  offsets: KafkaPorts['offsets'],
  partition: number,
): Promise<Position> {
  const found = (await offsets.read([partition], false)).get(partition)!;
  const high = await process.call(() => kafka.high(partition));
  const committed = found === 'unstable' ? undefined : found.offset;
  return { committed, start: movingStart ? high : 0, low: 0, high };
}
