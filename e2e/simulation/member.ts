/** One scorer: the real loop, on a consumer that behaves as badly as a client may. */
import type { Loop, LoopPorts } from '../../consumers/loop-ports.ts';
import { createLoop } from '../../consumers/loop.ts';
import type { step } from '../../consumers/loop-step.ts';
import type { Random } from '../../schemas/random.ts';
import type { Delivery, Writer, Reject, Role, SourceRecord } from '../../schemas/ports.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import type { AGAIN, SimulatedBroker } from './broker.ts';
import { GroupChanged, type SimulatedGroup } from './group.ts';
import type { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** What a planted bug may change. */
export interface Bent {
  readonly ports?: (ports: LoopPorts, member: MemberContext) => LoopPorts;
  readonly delivery?: (delivery: Delivery, partition: number) => Delivery;
  /** Told of each fetch that is handed on, before the loop is. */
  readonly fetched?: (id: string, partition: number, last: number) => void;
  /** The step of the loop, bent. */
  readonly step?: typeof step;
  /** A fetch of before a seek is handed on as if nothing had happened. */
  readonly staleFetches?: boolean;
}

export interface MemberContext {
  readonly id: string;
  readonly broker: SimulatedBroker;
  readonly group: SimulatedGroup;
  readonly process: SimulatedProcess;
  readonly random: Random;
  readonly time: Scheduler;
  readonly movingStart: boolean;
  readonly openRole: (process: SimulatedProcess, partition: number, offset: number) => Role;
  readonly reject: Reject;
  readonly bent: Bent;
  /** Of anything that must not be. */
  readonly onFault: (what: string) => void;
}

export interface Member {
  readonly process: SimulatedProcess;
  /** SIGTERM: resolves when the process may end. */
  stop(): Promise<void>;
}

interface Position {
  isPaused: boolean;
  next: number;
  inHand: number;
  isFetching: boolean;
}

const MAX_BATCH = 4;
const ANSWER_MS = 250;

export function startMember(context: MemberContext): Member {
  const { id, broker, group, process, random, bent } = context;
  const membership = { id, generation: -1 };
  const positions = new Map<number, Position>();
  let assigned: readonly number[] = [];
  let isJoining = false;
  let isStopping = false;

  const at = (partition: number): Position => {
    const found = positions.get(partition) ?? { isPaused: false, next: 0, inHand: 0, isFetching: false };
    positions.set(partition, found);
    return found;
  };
  const source = {
    pause: (partitions: readonly number[]) => partitions.forEach((p) => (at(p).isPaused = true)),
    resume: (partition: number) => {
      at(partition).isPaused = false;
      poll(partition);
    },
    seek: (partition: number, offset: number) => void (at(partition).next = offset),
    position: (partition: number) =>
      process.call(() => {
        const high = broker.high(partition);
        return {
          committed: broker.committed(partition),
          start: context.movingStart ? high : 0,
          low: 0,
          high,
        };
      }),
  };
  const ports: LoopPorts = {
    source,
    openWriter: (_, partition) => openWriter(context, `writer-${String(partition)}`),
    openRole: (partition, offset) => Promise.resolve(context.openRole(process, partition, offset)),
    reject: context.reject,
    clock: { now: () => 0, sleep: process.sleep },
    observer: {
      armed: () => undefined,
      committed: () => undefined,
      disarmed: () => undefined,
      rejected: () => undefined,
      fatal: (error) => context.onFault(`fatal: ${String(error)}`),
    },
  };
  const backOffMs = { first: 10, longest: 80 };
  const options = {
    topic: 'in',
    maxBatchRecords: MAX_BATCH,
    maxSendBytes: 1e6,
    answerTimeoutMs: ANSWER_MS,
    backOffMs,
  };
  const loop: Loop = createLoop(bent.ports?.(ports, context) ?? ports, options, bent.step);

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
    const delivery: Delivery = {
      heartbeat: () => process.call(() => group.heartbeat(membership)),
      resolve: (offset) => void (position.next = offset + 1),
    };
    position.inHand += 1;
    bent.fetched?.(id, partition, offsets[offsets.length - 1]!);
    loop
      .deliver(partition, offsets.map(toRecord), bent.delivery?.(delivery, partition) ?? delivery)
      .catch((error: unknown) => {
        // As the client: only the group's own word makes a member join again; a heartbeat that was lost does not.
        if (error instanceof GroupChanged) rejoin();
        else if (!/lost/.test(String(error))) context.onFault(`deliver rejects: ${String(error)}`);
      })
      .finally(() => {
        position.inHand -= 1;
        poll(partition);
      })
      .catch(context.onFault);
    if (random.int(25) === 0) deliver(partition, offsets); // twice, at the same time
  }

  function rejoin(): void {
    if (isJoining || isStopping) return;
    isJoining = true;
    const assign = (generation: number, partitions: number[]): void => {
      context.time.after(1 + random.int(20), () =>
        process.wake(() => {
          isJoining = false;
          membership.generation = generation;
          assigned = partitions;
          if (isStopping) return;
          loop.assigned(partitions);
        }),
      );
    };
    process
      .call(() => group.join(id, assign))
      .catch(() => {
        isJoining = false;
        rejoin();
      });
  }

  /** As the client: only while nothing is in hand. */
  function beat(): void {
    if (isStopping) return;
    const isIdle = [...positions.values()].every(({ inHand }) => inHand === 0);
    const beaten = isIdle && !isJoining ? process.call(() => group.heartbeat(membership)) : Promise.resolve();
    void beaten
      .then(() => {
        if (isIdle && !isJoining) loop.beat();
      })
      .catch((error: unknown) => {
        if (error instanceof GroupChanged) rejoin();
      })
      .then(() => process.sleep(40))
      .then(beat);
  }

  rejoin();
  beat();
  return {
    process,
    stop: async () => {
      isStopping = true;
      loop.stop();
      while (assigned.some((p) => at(p).inHand > 0)) await process.sleep(5);
      await process.call(() => group.leave(id)).catch(() => undefined);
      await loop.close();
    },
  };
}

function toRecord(offset: number): SourceRecord {
  return { offset, timestampMs: 0, key: null, value: Buffer.from(String(offset)), headers: {} };
}

/** How much of a writer's care for markers is left out. */
export interface Careless {
  readonly renewsNot?: boolean;
  readonly forgetsRenewals?: boolean;
  readonly trustsConnections?: boolean;
}

/** A writer as `openFencedWriter` makes it. */
export async function openWriter(
  context: MemberContext,
  id: string,
  careless: Careless = {},
): Promise<Writer> {
  const { broker, process } = context;
  const restarts = broker.restarts();
  const isSound = (): boolean => careless.trustsConnections === true || broker.restarts() === restarts;
  /** On the connections of this writer: once they have broken nothing is sent any more. */
  const call = <T>(effect: () => T | typeof AGAIN, hangs?: boolean): Promise<T> =>
    process.call(() => {
      if (!isSound()) throw new BankChurnError('BROKER_UNAVAILABLE', 'a connection broke');
      return effect();
    }, hangs);
  if (careless.renewsNot !== true) await renewMarkers(broker, id, call, careless);
  const epoch = await call(() => broker.initProducer(id), true);
  return {
    begin: () =>
      Promise.resolve({
        send: ({ partition, records }) => {
          const values = records.map(({ value }) => String(value));
          return call(() => broker.send(id, epoch, partition, values)).then(() => 0);
        },
        sendOffsets: (_, partition, next) => call(() => broker.sendOffsets(id, epoch, partition, next), true),
        commit: () => call(() => broker.endTransaction(id, epoch, true), true),
        abort: () => call(() => broker.endTransaction(id, epoch, false)),
      }),
    isSound,
    close: () => Promise.resolve(),
  };
}

/** As the real one. */
async function renewMarkers(
  broker: SimulatedBroker,
  id: string,
  call: SimulatedProcess['call'],
  careless: Careless,
) {
  const renewal = await begunRenewal(broker, id, call, careless);
  if (renewal === undefined) return;
  const { epoch, commits } = renewal;
  await call(() => broker.touch(id, epoch), true);
  await call(() => broker.endTransaction(id, epoch, commits), true);
}

async function begunRenewal(
  broker: SimulatedBroker,
  id: string,
  call: SimulatedProcess['call'],
  careless: Careless,
) {
  for (;;) {
    const last = await call(() => broker.describe(id), true);
    if (last === undefined) return undefined;
    const commits =
      last.state === 'commit' ||
      (last.isRenewal && last.state !== 'abort' && careless.forgetsRenewals !== true);
    if (commits && last.state === 'open') return { commits, epoch: last.epoch };
    const [epoch] = await call(() => [broker.initProducer(id, commits)] as const, true);
    if (typeof epoch === 'number') return { commits, epoch };
  }
}
