/** One scorer: the real loop on a consumer of the group's real engines. */
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import { createLoop } from '../../consumers/loop.ts';
import { createConsumer, type Consumer } from './consumer.ts';
import type { SimulatedProcess } from './process.ts';
import type { ScorerContext } from './scorer-context.ts';

export interface Scorer {
  readonly id: string;
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

export function startScorer(context: ScorerContext): Scorer {
  const { id, process, bent } = context;
  const consumer = createConsumer(context);
  const ports = loopPortsOf(context, consumer);
  const loop = createLoop(bent.loop?.(ports, id) ?? ports, OPTIONS, bent.step);
  consumer.start(loop);
  return {
    ...{ id, process },
    stop: async () => {
      loop.stop();
      await consumer.stop();
      await loop.close();
    },
  };
}

function loopPortsOf(context: ScorerContext, { source, openWriter }: Consumer): LoopPorts {
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
