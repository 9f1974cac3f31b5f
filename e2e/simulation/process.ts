/** A process that talks to the simulated Kafka: it can be stalled or die between any two steps, its requests live on. */
import type { Random } from '../../schemas/random.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import type { Scheduler } from './scheduler.ts';
import type { Weather } from './weather.ts';

/** Asks the client to come again: CONCURRENT_TRANSACTIONS and its like. */
export const AGAIN = Symbol('again');

/** What a request does at the broker; it may wait there. */
export type Effect<T> = () => T | typeof AGAIN | Promise<T>;

export interface SimulatedProcess {
  isDead(): boolean;
  die(): void;
  stall(forMs: number): void;
  sleep(ms: number): Promise<void>;
  /** Runs something in this process: now, when it goes on again, or never. */
  wake(run: () => void): void;
  /** A request: the effect takes place at the broker, a while later the answer is here. */
  call<T>(effect: Effect<T>, manner?: Manner): Promise<T>;
}

export interface Manner {
  /** The answer may never come: the client gives up after a long time. */
  readonly hangs?: boolean;
  /** Over a connection of its own that is never made anew: rejects once it has broken. */
  readonly isConnected?: () => boolean;
}

interface Surroundings {
  readonly time: Scheduler;
  readonly random: Random;
  readonly weather: Weather;
  /** How often the broker was started: each time all connections break. */
  readonly incarnation: () => number;
}

/** A client waits for an answer for so long. */
const NO_ANSWER_MS = 600;

const away = (what: string): BankChurnError => new BankChurnError('BROKER_UNAVAILABLE', what);
const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** Nobody hears what becomes of it. */
function quietly(effect: Effect<unknown>): void {
  try {
    const result = effect();
    if (result instanceof Promise) result.catch(() => undefined);
  } catch {
    // refused
  }
}

export function startProcess({ time, random, weather, incarnation }: Surroundings): SimulatedProcess {
  let isDead = false;
  let stalledUntil = 0;

  function wake(run: () => void): void {
    if (isDead) return;
    if (time.now() < stalledUntil) time.after(stalledUntil - time.now(), () => wake(run));
    else run();
  }
  const latency = (): number => (random.next() < weather.slow ? 20 + random.int(380) : 1 + random.int(4));

  function call<T>(effect: Effect<T>, { hangs = false, isConnected }: Manner = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void): void => {
        if (hangs && random.next() < weather.loss / 4) {
          time.after(NO_ANSWER_MS, () => wake(() => reject(away('no answer in time'))));
          return;
        }
        const isLost = random.next() < weather.loss;
        time.after(latency(), () => wake(isLost ? () => reject(away('the connection was lost')) : settle));
      };
      const fail = (error: unknown): void => answer(() => reject(asError(error)));
      const attempt = (): void => {
        if (isConnected?.() === false) reject(away('a connection broke'));
        else if (random.next() < weather.loss) lose();
        else send(incarnation());
      };
      /** The client takes the request for lost; it may be on its way all the same. */
      const lose = (): void => {
        const sentTo = incarnation();
        fail(away('the request was lost'));
        if (random.int(2) === 0) time.after(latency(), () => incarnation() === sentTo && quietly(effect));
      };
      const send = (sentTo: number): void => {
        const isBroken = (): boolean => incarnation() !== sentTo;
        const settled = (result: T | typeof AGAIN): void => {
          if (result === AGAIN) time.after(4, () => wake(attempt));
          else answer(() => (isBroken() ? reject(away('the connection broke')) : resolve(result)));
        };
        time.after(latency(), () => {
          if (isBroken()) {
            fail(away('the connection broke'));
            return;
          }
          try {
            const result = effect();
            if (result instanceof Promise) result.then(settled, fail);
            else settled(result);
          } catch (error) {
            fail(error);
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
