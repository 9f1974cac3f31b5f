/** Time for the group's engines of one consumer; it ends with the consumer. */
import type { Clock } from '../../schemas/ports.ts';

export interface EngineClock extends Clock {
  /** Whoever sleeps does not wake up any more, and keeps no process alive. */
  stop(): void;
}

export function openClock(): EngineClock {
  const timers = new Set<NodeJS.Timeout>();
  let isStopped = false;
  return {
    now: Date.now,
    sleep: (ms) =>
      new Promise((resolve) => {
        if (isStopped) return;
        // A timer takes at least a millisecond: what is only to come after the present events need not.
        if (ms === 0) setImmediate(resolve);
        else {
          const timer = setTimeout(() => {
            timers.delete(timer);
            resolve();
          }, ms);
          timers.add(timer);
        }
      }),
    stop: () => {
      isStopped = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
