/** Virtual time: events in the order of their time, one after the other, each with all that follows from it at once. */
export interface Scheduler {
  /** Virtual milliseconds since the beginning. */
  now(): number;
  after(delayMs: number, run: () => void): void;
  /** Runs events until `isDone`, or virtual time is over. Resolves with whether it was done. */
  run(isDone: () => boolean, untilMs: number): Promise<boolean>;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Every promise that can go on has gone on when this resolves: a tick comes when no microtask is left. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

export function createScheduler(): Scheduler {
  const heap: Event[] = [];
  let now = 0;
  let order = 0;

  function push(event: Event): void {
    let i = heap.push(event) - 1;
    for (let up = (i - 1) >> 1; i > 0 && isBefore(event, heap[up]!); up = (i - 1) >> 1) {
      heap[i] = heap[up]!;
      i = up;
    }
    heap[i] = event;
  }

  function pop(): Event | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (let down = 1; down < heap.length; down = 2 * i + 1) {
      if (down + 1 < heap.length && isBefore(heap[down + 1]!, heap[down]!)) down += 1;
      if (!isBefore(heap[down]!, last)) break;
      heap[i] = heap[down]!;
      i = down;
    }
    heap[i] = last;
    return first;
  }

  return {
    now: () => now,
    after: (delayMs, run) => push({ at: now + delayMs, order: order++, run }),
    run: async (isDone, untilMs) => {
      await settled();
      while (!isDone()) {
        const event = pop();
        if (event === undefined || event.at > untilMs) return false;
        now = event.at;
        event.run();
        await settled();
      }
      return true;
    },
  };
}
