/** One scorer: the real loop, shared writer and takeover, on a consumer that behaves as badly as a client may. */
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import { createLoop } from '../../consumers/loop.ts';
import { GroupRefusal } from '../../kafka/group/ports.ts';
import { createSharedWriter, type SharedWriterPorts } from '../../kafka/group/shared-writer.ts';
import { createTakeover, type TakeoverPorts } from '../../kafka/group/takeover.ts';
import type { Delivery } from '../../schemas/ports.ts';
import { lastOffset } from '../../schemas/records.ts';
import { createFetcher } from './fetcher.ts';
import { createKafkaPorts, type KafkaPorts } from './kafka-ports.ts';
import type { MemberContext } from './member-context.ts';
import { joinGroup, type Membership } from './membership.ts';
import type { SimulatedProcess } from './process.ts';
import { encode } from './values.ts';

export interface Member {
  readonly process: SimulatedProcess;
  /** SIGTERM: resolves when the process may end. */
  stop(): Promise<void>;
}

const OPTIONS = {
  topic: 'in',
  maxBatchRecords: 4,
  maxSendBytes: 40_000,
  answerTimeoutMs: 250,
  backOffMs: { first: 10, longest: 80 },
};
/** Here all is faster than in the world: sessions last 120 ms. */
const TAKEOVER_TIME = 8;
const LINGER_MS = 3;

export function startMember(context: MemberContext): Member {
  const { id, process, bent, onViolation, kafka, random } = context;
  const plain = createKafkaPorts(kafka, process, random, bent.careless);
  const ports = bent.kafka?.(plain, () => membership.generation(), id) ?? plain;
  const fetcher = createFetcher(context, ports.offsets, (partition, records, resolve) => {
    const delivery: Delivery = { heartbeat: () => membership.heartbeat(), resolve };
    bent.fetched?.(id, partition, lastOffset(records));
    return loop.deliver(partition, records, bent.delivery?.(delivery) ?? delivery).catch((error: unknown) => {
      // Only the group's own word makes a member join again; a heartbeat that was lost does not.
      if (error instanceof GroupRefusal) membership.rejoin();
      else if (!/lost|broke/.test(String(error))) onViolation(`deliver rejects: ${String(error)}`);
    });
  });
  const writer = createWriter(context, ports, () => membership, fetcher.inHand);
  const loopPorts = loopPortsOf(context, fetcher.source, writer.openWriter);
  const loop = createLoop(bent.loop?.(loopPorts, id) ?? loopPorts, OPTIONS, bent.step);
  const membership = joinGroup(context, ports.group, {
    assigned: loop.assigned,
    heard: () => {
      loop.beat();
      void writer.settle();
    },
    leaving: () => (bent.joinsAtOnce === true ? Promise.resolve() : writer.quiesce()),
  });
  return {
    process,
    stop: async () => {
      fetcher.stop();
      membership.stop();
      loop.stop();
      while (membership.assigned().some(fetcher.isBusy)) await process.sleep(5);
      await membership.leave();
      await loop.close();
      await writer.close().catch(() => undefined);
    },
  };
}

export const idOf = (writer: string): string => `g.w.${writer}`;
export const formerId = (partition: number): string => `g.in.${String(partition)}`;

/** The shared writer, and the takeover under it. */
function createWriter(
  { id, process, time, bent }: MemberContext,
  { offsets, transactions }: KafkaPorts,
  membership: () => Membership,
  inHand: () => number,
): ReturnType<typeof createSharedWriter> {
  const takeover: TakeoverPorts = {
    ...{ offsets, transactions, idOf, formerId },
    writer: id,
    clock: { now: () => time.now() * TAKEOVER_TIME, sleep: (ms) => process.sleep(ms / TAKEOVER_TIME) },
    liveWriters: () => membership().liveWriters(),
    outputsOf: (partition) => [
      { topic: 'out', partition },
      { topic: 'counts', partition: 0 },
    ],
  };
  const takeOver = createTakeover(bent.takeover?.(takeover) ?? takeover);
  const ports: SharedWriterPorts = {
    ...{ takeOver, offsets, inHand, encode },
    openProducer: (written) => transactions.open(idOf(id), { outputs: written, withOffsets: true }),
    generation: () => membership().generation(),
    sleep: process.sleep,
    writer: id,
    lingerMs: LINGER_MS,
  };
  return createSharedWriter(bent.writer?.(ports) ?? ports);
}

function loopPortsOf(
  context: MemberContext,
  source: LoopPorts['source'],
  openWriter: LoopPorts['openWriter'],
): LoopPorts {
  const { process, reject, onViolation, say } = context;
  return {
    ...{ source, openWriter, reject },
    openRole: (partition, offset) => Promise.resolve(context.openRole(process, partition, offset)),
    clock: { now: () => 0, sleep: process.sleep },
    observer: {
      armed: (partition, offset) => say(`armed ${String(partition)} at ${String(offset)}`),
      committed: ({ partition }, { commit }) => say(`committed ${String(partition)} to ${String(commit)}`),
      disarmed: (partition, error) => say(`disarmed ${String(partition)}: ${String(error)}`),
      rejected: () => undefined,
      fatal: (error) => onViolation(`fatal: ${String(error)}`),
    },
  };
}
