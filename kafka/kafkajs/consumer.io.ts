/** The consumer under the loop, with the writer of its partitions: the group's engines over kafkajs's connections (ADR 17). */
import './patches/install.io.ts'; // before the library
import { randomBytes } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { BankChurnError } from '../../schemas/errors.ts';
import type { Position } from '../../schemas/ports.ts';
import { encodeOutputRecords } from '../../schemas/record-frames.ts';
import { createFetcher, type Fetcher } from '../group/fetcher.ts';
import { gathering } from '../group/gather.ts';
import { createMember, type Member, type MemberSettings } from '../group/member.ts';
import { GroupRefusal, type Generation, type GroupPorts, type OffsetsPort, type TransactionalProducer } from '../group/ports.ts'; // prettier-ignore
import { claimInDoubt, createSharedWriter, type SharedWriter } from '../group/shared-writer.ts';
import { createTakeover, fenceGone } from '../group/takeover.ts';
import { createLagTracker, type LagTracker } from '../lag.ts';
import { readNote } from '../offset-note.ts';
import { lookForPositions, positionIn } from '../offsets.ts';
import type { CommittedOffset, ConsumerEvents, LoopConsumer, ConsumerSettings } from '../port.ts';
import { openBudget } from '../record-set.ts';
import { readFetched } from '../record-slab.ts';
import { outputsOf, partitionWriterId, writerIdOf } from '../writers.ts';
import { openAdmin, type LateAdmin } from './late-admin.io.ts';
import { UNPACK_LIMITS, unpack } from './codecs.io.ts';
import { openClock, type EngineClock } from './engine-clock.io.ts';
import { openGroupPorts } from './group-ports.io.ts';
import { identified, watchIdentity } from './identity-watch.io.ts';
import { watchLag } from './lag-watch.io.ts';
import { errorOf } from './requests/refusals.io.ts';
import { reading, translateError } from './translate-errors.ts';

const REBALANCE_TIMEOUT_MS = 30_000;
/** A transaction waits so long for partitions that are still being decided about, milliseconds. */
const LINGER_MS = 20;
const NAME_BYTES = 9;

/** What all parts of a consumer know of each other. */
interface Parts {
  readonly settings: ConsumerSettings;
  readonly ports: GroupPorts;
  readonly admin: LateAdmin;
  readonly lag: LagTracker;
  readonly clock: EngineClock;
  readonly member: () => Member;
  /** Our own name in the notes of offsets. */
  readonly name: string;
}

/** The consumer of one topic, as the loop wants it: nothing is committed or resolved but by the loop. */
export function createLoopConsumer(kafka: Kafka, settings: ConsumerSettings): LoopConsumer {
  const opened = openGroupPorts(kafka, { ...settings, rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS });
  const ports = refusalsHeard(settings.wrapGroup?.(opened) ?? opened, (...refusal) =>
    member.lose(...refusal),
  );
  const admin = openAdmin(kafka);
  const lag = createLagTracker();
  const clock = openClock();
  const name = randomBytes(NAME_BYTES).toString('base64url');
  const parts: Parts = { settings, ports, admin, lag, clock, name, member: () => member };
  let inHand = 0;
  const shared = openSharedWriter(parts, () => inHand);
  let events: ConsumerEvents | undefined;
  const fetcher = openFetcher(parts, {
    alive: () => events?.alive(),
    outOfRange: (partition) => events?.crashed(outOfRange(settings, partition)),
    crashed: (error) => events?.crashed(error as Error),
    deliver: async (...delivered) => {
      inHand += 1;
      try {
        await events?.deliver(...delivered);
      } finally {
        inHand -= 1;
      }
    },
  });
  const member = openMember(parts, shared, fetcher, () => events);
  let stopWatching = (): void => undefined;
  const findPosition = positions(parts);

  return {
    source: {
      pause: fetcher.pause,
      resume: fetcher.resume,
      seek: (partition, offset) => {
        lag.located(partition, offset);
        fetcher.seek(partition, offset);
      },
      position: async (partition) => {
        const found = await findPosition(partition);
        lag.located(partition, found.committed ?? found.start);
        return found;
      },
    },
    openWriter: shared.openWriter,
    start: (listener) => {
      events = listener;
      member.start();
      stopWatching = watch(parts, listener);
      return Promise.resolve();
    },
    stop: async () => {
      stopWatching();
      fetcher.halt();
      await fetcher.settled();
      await member.stop();
      await shared.close();
      await ports.close();
      await admin.close();
      clock.stop();
    },
  };
}

/** The coordinator's word about a generation is news for the member, whoever hears it. */
function refusalsHeard(
  ports: GroupPorts,
  onRefusal: (of: Generation, error: GroupRefusal) => void,
): GroupPorts {
  const hear = async <T>(of: Generation, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof GroupRefusal) onRefusal(of, error);
      throw error;
    }
  };
  const hearing = (producer: TransactionalProducer): TransactionalProducer => ({
    ...producer,
    commitOffsets: (of, offsets) => hear(of, producer.commitOffsets(of, offsets)),
  });
  const { offsets, transactions } = ports;
  return {
    ...ports,
    offsets: { ...offsets, commit: (of, commits) => hear(of, offsets.commit(of, commits)) },
    transactions: {
      ...transactions,
      open: async (...what) => hearing(await transactions.open(...what)),
      openPlain: async () => hearing(await transactions.openPlain()),
    },
  };
}

function openSharedWriter(
  { settings, ports, clock, member, name }: Parts,
  inHand: () => number,
): SharedWriter {
  const { offsets, transactions } = ports;
  const isExact = settings.delivery === 'exactly-once';
  const takeOver = createTakeover({
    offsets,
    clock,
    writer: name,
    goneWriters: () => member().goneWriters(),
  });
  const { groupId, topic } = settings;
  const id = writerIdOf(groupId, topic, name);
  return createSharedWriter({
    onClaimInDoubt: (of) => member().lose(of, claimInDoubt()),
    ...{ offsets, inHand, encode: encodeOutputRecords, sleep: clock.sleep, lingerMs: LINGER_MS },
    openProducer: (outputs) =>
      isExact ? transactions.open(id, { outputs, withOffsets: true }) : transactions.openPlain(),
    takeOver: isExact ? takeOver : () => Promise.resolve([]),
    generation: () => member().generation(),
    writer: isExact ? name : undefined,
  });
}

/** What the leader fences with; nothing without transactions. */
function fencing({ settings, ports }: Parts): MemberSettings['fenceGone'] {
  const { groupId, topic, delivery } = settings;
  if (delivery !== 'exactly-once') return () => Promise.resolve([]);
  const fencePorts = {
    ...ports,
    idOf: (writer: string) => writerIdOf(groupId, topic, writer),
    formerId: (partition: number) => partitionWriterId(groupId, topic, partition),
    outputsOf: (partition: number) => outputsOf(settings, partition),
  };
  return (live, partitions) => fenceGone(fencePorts, live, partitions);
}

function openFetcher(
  { settings, ports, lag, clock, admin }: Parts,
  events: Parameters<typeof createFetcher>[0]['events'],
): Fetcher {
  const { topic, groupId } = settings;
  return createFetcher({
    ...{ topic, clock, lag, events },
    port: identified(
      ports.fetch,
      () => admin.kafka.topicId(topic),
      (error) => events.crashed(error),
    ),
    errorOf: (code) => translateError(errorOf(code, topic), reading([topic], groupId)),
    read: (partition, set, from, aborted) =>
      readFetched(set, {
        ...{ from, aborted, unpack, limits: UNPACK_LIMITS, budget: openBudget(UNPACK_LIMITS) },
        place: `${topic}/${String(partition)}`,
      }),
  });
}

function outOfRange(
  { topic, groupId }: Pick<ConsumerSettings, 'topic' | 'groupId'>,
  partition: number,
): BankChurnError {
  return new BankChurnError(
    'OFFSET_OUT_OF_RANGE',
    `the broker no longer has what ${groupId} was to read next of ${topic}/${String(partition)}: records were deleted before ` +
      'they were processed. Set the group’s offset on purpose (bankchurn offsets adopt), then start again.',
  );
}

function openMember(
  parts: Parts,
  shared: SharedWriter,
  fetcher: Fetcher,
  events: () => ConsumerEvents | undefined,
): Member {
  const { settings, ports, lag, clock, name } = parts;
  const { groupId, sessionTimeoutMs } = settings;
  const member = createMember({
    ...{ groupId, sessionTimeoutMs, clock, random: Math.random, group: ports.group, writerId: name },
    quiesce: shared.quiesce,
    fenceGone: fencing(parts),
    events: {
      assigned: ({ generation, partitions }) => {
        lag.assigned(partitions);
        fetcher.assign(partitions, {
          confirm: () => member.confirm(generation),
          lose: (error) => member.lose(generation, error),
        });
        events()?.assigned(partitions);
        events()?.alive();
        void shared.settle();
      },
      heard: () => {
        events()?.alive();
        events()?.heard();
        void shared.settle();
      },
      left: () => {
        fetcher.halt();
        events()?.left();
      },
      failed: (error) => events()?.failed(error),
      crashed: (error) => events()?.crashed(error),
    },
  });
  return member;
}

/** Positions that are asked for at one moment are found together. */
function positions({ settings, ports, admin }: Parts): (partition: number) => Promise<Position> {
  const known = gathering(async (partitions: readonly number[]) => {
    const stable = await ports.offsets.read(partitions, true);
    const committedOffsets = () => Promise.resolve(committedOf(stable));
    const found = await lookForPositions({ ...admin.kafka, committedOffsets }, settings);
    return new Map(partitions.map((partition) => [partition, { found, stable }]));
  });
  return async (partition) => {
    const { found, stable } = await known(partition);
    if (stable.get(partition) === 'unstable')
      throw new BankChurnError(
        'TRANSACTION_FAILED',
        `a transaction on partition ${String(partition)} is open`,
      );
    return positionIn(found, admin.kafka, settings, partition);
  };
}

function committedOf(stable: Awaited<ReturnType<OffsetsPort['read']>>): ReadonlyMap<number, CommittedOffset> {
  const committed = new Map<number, CommittedOffset>();
  for (const [partition, noted] of stable) {
    if (noted === 'unstable' || noted.offset === undefined) continue;
    committed.set(partition, { offset: noted.offset, ...readNote(noted.note) });
  }
  return committed;
}

/** Looks at lag and at the topic's identity while the consumer runs. */
function watch({ settings, admin, lag }: Parts, events: ConsumerEvents): () => void {
  const ends = [
    admin.whenConnected((client) => watchLag({ admin: client, offsets: admin.kafka, settings, lag, events })),
    watchIdentity(() => admin.kafka.topicId(settings.topic), events),
  ];
  return () => {
    for (const end of ends) end();
  };
}
