/**
 * The one loop: consume → decide → commit, exactly once. A thin driver: `loop-step.ts` decides, `loop-effects.ts` performs the
 * effects, and what became of them comes back as the next happening.
 */
import { INITIAL_STATE, type Effect, type Happening, type InHand } from './loop-state.ts';
import { perform } from './loop-effects.ts';
import type { Loop, LoopOptions, LoopPorts } from './loop-ports.ts';
import { readyPartitions, step } from './loop-step.ts';
import type { Delivery } from '../schemas/ports.ts';

/** @param stepOnce the step; tests bend it. */
export function createLoop(ports: LoopPorts, options: LoopOptions, stepOnce: typeof step = step): Loop {
  let state = INITIAL_STATE;
  let assigned: readonly number[] = [];
  let isStepping = false;
  const waiting: Happening[] = [];
  const closing = new Set<Promise<void>>();

  /** Steps at once: what must be done before the next fetch is done when this returns. */
  function happen(happening: Happening): void {
    waiting.push(happening);
    if (isStepping) return;
    isStepping = true;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [after, effects] = stepOnce(state, next, options);
        state = after;
        effects.forEach(performOne);
      }
    } finally {
      isStepping = false;
    }
  }

  const driver = {
    ports,
    options,
    closing,
    happen,
    isOurs: (partition: number, turn: number) =>
      !state.stopping && state.partitions.get(partition)?.turn === turn,
  };
  const performOne = (effect: Effect): void => perform(driver, effect);

  return {
    assigned: (partitions) => {
      assigned = [...partitions];
      happen({ kind: 'assigned', partitions: assigned });
    },
    deliver: (partition, records, delivery) =>
      new Promise((resolve, reject) => {
        const work = { delivery: inHand(delivery, resolve, reject), records };
        happen({ kind: 'delivered', partition, work, nowMs: ports.clock.now() });
      }),
    beat: () => {
      for (const { phase, writer, partition, turn } of state.partitions.values())
        if (phase === 'idle' && writer?.isSound() === false)
          happen({ kind: 'unsound', partition, turn, inHand: undefined });
    },
    stop: () => happen({ kind: 'stopping' }),
    close: async () => {
      happen({ kind: 'closing' });
      await Promise.all(closing);
    },
    state: () => ({ assigned, ready: readyPartitions(state, ports.clock.now()) }),
  };
}

const inHand = (delivery: Delivery, resolve: () => void, reject: (error: unknown) => void): InHand => ({
  heartbeat: () => delivery.heartbeat(),
  resolve: (offset) => delivery.resolve(offset),
  settle: (error) => (error === undefined ? resolve() : reject(error)),
});
