/** A process that talks to the simulated broker: it can be stalled or die between any two steps, its requests live on. */
import type { Random } from '../../schemas/random.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import type { Scheduler } from './scheduler.ts';
import { AGAIN } from './transactions.ts';

/** How bad the world is at present. */
export interface Weather {
  /** Probability that a request or its answer is lost. */
  loss: number;
  /** Probability that a request or answer takes long. */
  slow: number;
}

export interface SimulatedProcess {
  isDead(): boolean;
  die(): void;
  stall(forMs: number): void;
  sleep(ms: number): Promise<void>;
  /** Runs something in this process: now, when it goes on again, or never. */
  wake(run: () => void): void;
  /** A request: the effect takes place at the broker, a while later the answer is here (`hangs`: or never). */
  call<T>(effect: () => T | typeof AGAIN, hangs?: boolean): Promise<T>;
}

const away = (what: string): BankChurnError => new BankChurnError('BROKER_UNAVAILABLE', what);

export function startProcess(time: Scheduler, random: Random, weather: Weather): SimulatedProcess {
  let isDead = false;
  let stalledUntil = 0;

  function wake(run: () => void): void {
    if (isDead) return;
    if (time.now() < stalledUntil) time.after(stalledUntil - time.now(), () => wake(run));
    else run();
  }
  const latency = (): number => (random.next() < weather.slow ? 20 + random.int(280) : 1 + random.int(4));

  function call<T>(effect: () => T | typeof AGAIN, hangs = false): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void): void => {
        if (hangs && random.next() < weather.loss / 4) return; // the client tries on and on, and tells nothing
        const isLost = random.next() < weather.loss;
        const lost = (): void => reject(away('the connection was lost'));
        time.after(latency(), () => wake(isLost ? lost : settle));
      };
      const attempt = (): void => {
        if (random.next() < weather.loss) {
          answer(() => reject(away('the request was lost')));
          return;
        }
        time.after(latency(), () => {
          try {
            const result = effect();
            if (result === AGAIN) time.after(4, () => wake(attempt));
            else answer(() => resolve(result));
          } catch (error) {
            answer(() => reject(error instanceof Error ? error : new Error(String(error))));
          }
        });
      };
      attempt();
    });
  }

  return {
    isDead: () => isDead,
    die: () => (isDead = true),
    stall: (forMs) => (stalledUntil = time.now() + forMs),
    sleep: (ms) => new Promise((resolve) => time.after(ms, () => wake(resolve))),
    wake,
    call,
  };
}
