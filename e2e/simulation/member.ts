/** One scorer: the real loop, on a consumer that behaves as badly as a client may. */
import { lastOffset } from '../../schemas/records.ts';
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import { createLoop } from '../../consumers/loop.ts';
import type { Delivery } from '../../schemas/ports.ts';
import { createFetcher } from './fetcher.ts';
import { GroupChanged } from './group.ts';
import type { MemberContext } from './member-context.ts';
import { joinGroup } from './membership.ts';
import type { SimulatedProcess } from './process.ts';
import { openWriter } from './writer.ts';

export interface Member {
  readonly process: SimulatedProcess;
  /** SIGTERM: resolves when the process may end. */
  stop(): Promise<void>;
}

const OPTIONS = {
  topic: 'in',
  maxBatchRecords: 4,
  maxSendBytes: 1e6,
  answerTimeoutMs: 250,
  backOffMs: { first: 10, longest: 80 },
};

export function startMember(context: MemberContext): Member {
  const { id, process, bent, onFault } = context;
  const fetcher = createFetcher(context, (partition, records, resolve) => {
    const delivery: Delivery = { heartbeat: membership.heartbeat, resolve };
    bent.fetched?.(id, partition, lastOffset(records));
    return loop
      .deliver(partition, records, bent.delivery?.(delivery, partition) ?? delivery)
      .catch((error: unknown) => {
        // As the client: only the group's own word makes a member join again; a heartbeat that was lost does not.
        if (error instanceof GroupChanged) membership.rejoin();
        else if (!/lost/.test(String(error))) onFault(`deliver rejects: ${String(error)}`);
      });
  });
  const ports = portsOf(context, fetcher.source);
  const loop = createLoop(bent.ports?.(ports, context) ?? ports, OPTIONS, bent.step);
  const membership = joinGroup(context, loop, fetcher.isIdle);
  return {
    process,
    stop: async () => {
      fetcher.stop();
      membership.stop();
      loop.stop();
      while (membership.assigned().some(fetcher.isBusy)) await process.sleep(5);
      await membership.leave();
      await loop.close();
    },
  };
}

function portsOf(context: MemberContext, source: LoopPorts['source']): LoopPorts {
  const { process, reject, onFault } = context;
  return {
    source,
    openWriter: (_, partition) => openWriter(context, `writer-${String(partition)}`),
    openRole: (partition, offset) => Promise.resolve(context.openRole(process, partition, offset)),
    reject,
    clock: { now: () => 0, sleep: process.sleep },
    observer: {
      armed: () => undefined,
      committed: () => undefined,
      disarmed: () => undefined,
      rejected: () => undefined,
      fatal: (error) => onFault(`fatal: ${String(error)}`),
    },
  };
}
