/** Which faults a run has, in what order: a function of the seed. */
import { FAILPOINTS, type Failpoint } from '../failpoints.ts';
import type { Random } from '../../schemas/random.ts';

export type Fault =
  | { readonly kind: 'failpoint'; readonly point: Failpoint; readonly nth: number; readonly place: number }
  | { readonly kind: 'kill'; readonly place: number }
  | { readonly kind: 'zombie'; readonly point: Failpoint; readonly nth: number; readonly place: number }
  | { readonly kind: 'late'; readonly place: number }
  | { readonly kind: 'drain'; readonly place: number }
  | { readonly kind: 'broker' }
  | { readonly kind: 'role'; readonly role: BrokerRole; readonly partition: number }
  | { readonly kind: 'resets'; readonly count: number }
  | { readonly kind: 'hole'; readonly ms: number }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'half'; readonly ms: number }
  | { readonly kind: 'registry'; readonly ms: number }
  | { readonly kind: 'grow'; readonly partitions: number };

/** What a broker of several can be. */
export const BROKER_ROLES = [
  'score leader',
  'input leader',
  'transaction coordinator',
  'group coordinator',
  'controller',
] as const;
export type BrokerRole = (typeof BROKER_ROLES)[number];

export interface FaultCounts {
  /** Kills at each of the named points. */
  readonly perFailpoint: number;
  readonly kills: number;
  readonly zombies: number;
  /** Kills with a commit on its way, which arrives when others have gone on. */
  readonly late: number;
  readonly drains: number;
  readonly brokers: number;
  /** Brokers killed for what they are at that moment (three of them). */
  readonly roles: number;
  /** Connections, in rounds of `RESETS`. */
  readonly resets: number;
  readonly holes: number;
  readonly slow: number;
  readonly half: number;
  readonly registry: number;
  readonly grow: number;
}

/** The record run, the usual one, and the one of `make test`. */
export const SIZES = {
  record: { perFailpoint: 3, kills: 7, zombies: 8, late: 2, drains: 10, brokers: 5, roles: 0, resets: 200, holes: 2, slow: 1, half: 1, registry: 1, grow: 1 },
  usual: { perFailpoint: 1, kills: 2, zombies: 2, late: 1, drains: 3, brokers: 1, roles: 0, resets: 60, holes: 1, slow: 1, half: 1, registry: 1, grow: 1 },
  short: { perFailpoint: 1, kills: 0, zombies: 2, late: 1, drains: 0, brokers: 1, roles: 0, resets: 0, holes: 0, slow: 0, half: 0, registry: 0, grow: 0 },
  'three brokers': { perFailpoint: 0, kills: 2, zombies: 2, late: 1, drains: 0, brokers: 0, roles: 12, resets: 0, holes: 0, slow: 0, half: 0, registry: 0, grow: 0 },
} as const satisfies Record<string, FaultCounts>; // prettier-ignore

export const PLACES = 3;
/** Of the input, before it grows. */
const PARTITIONS = 6;
const RESETS = 20;
/** Where a process that stops and comes back later does the most harm. */
const ZOMBIE_POINTS: readonly Failpoint[] = ['before-end-txn', 'inference', 'send-reply', 'end-txn-written', 'begin', 'send-offsets']; // prettier-ignore

export function planFaults(counts: FaultCounts, random: Random): Fault[] {
  const place = (): number => random.int(PLACES);
  const times = (n: number, make: (i: number) => Fault): Fault[] =>
    Array.from({ length: n }, (_, i) => make(i));
  const faults: Fault[] = [
    ...FAILPOINTS.flatMap((point) =>
      times(counts.perFailpoint, () => ({ kind: 'failpoint', point, nth: nth(point, random), place: place() })),
    ),
    ...times(counts.kills, () => ({ kind: 'kill', place: place() })),
    ...times(counts.zombies, (i) => ({ kind: 'zombie', point: ZOMBIE_POINTS[i % ZOMBIE_POINTS.length]!, nth: 2 + random.int(8), place: place() })),
    ...times(counts.late, () => ({ kind: 'late', place: place() })),
    ...times(counts.drains, () => ({ kind: 'drain', place: place() })),
    ...times(counts.brokers, () => ({ kind: 'broker' })),
    ...times(counts.roles, (i) => ({ kind: 'role', role: BROKER_ROLES[i % BROKER_ROLES.length]!, partition: random.int(PARTITIONS) })),
    ...times(Math.ceil(counts.resets / RESETS), () => ({ kind: 'resets', count: RESETS })),
    ...times(counts.holes, () => ({ kind: 'hole', ms: 15_000 })),
    ...times(counts.slow, () => ({ kind: 'slow', ms: 8000 })),
    ...times(counts.half, () => ({ kind: 'half', ms: 8000 })),
    ...times(counts.registry, () => ({ kind: 'registry', ms: 20_000 })),
    ...times(counts.grow, () => ({ kind: 'grow', partitions: 12 })),
  ]; // prettier-ignore
  const order = new Int32Array(faults.length).map((_, i) => i);
  random.shuffle(order);
  return [...order].map((i) => faults[i]!);
}

/** Seconds a fault and the recovery from it take on a quiet machine: so long the stream must go on. */
const SECONDS: Record<Fault['kind'], number> = {
  failpoint: 6,
  kill: 5,
  zombie: 11.5,
  late: 11,
  drain: 2,
  broker: 10,
  role: 13,
  resets: 1.5,
  hole: 18,
  slow: 10,
  half: 10,
  registry: 23,
  grow: 2,
};

/** Events a second with which so many last about as long as the faults. */
export function rateFor(events: number, faults: readonly Fault[]): number {
  return events / (10 + faults.reduce((sum, { kind }) => sum + SECONDS[kind], 0));
}

/** With no fault left: as fast as it goes. */
export const FULL_RATE = 20_000;

/** Arming and draining are rare: the first pass. */
function nth(point: Failpoint, random: Random): number {
  return point === 'armed-before-seek' || point === 'mid-drain' ? 1 : 2 + random.int(8);
}
