import type { CustomerEvent } from '../schemas/generated.ts';
import type { Random } from '../schemas/random.ts';

/** Changes one event as a drifted population would have it. */
export type Drift = (event: CustomerEvent, random: Random) => CustomerEvent;

const older = (years: number) => (event: CustomerEvent) => ({
  ...event,
  age: event.age === null ? null : Math.min(120, event.age + years),
});

/** Named ways in which a stream can leave the training profile. */
export const DRIFT_SCENARIOS = {
  ageing: older(8),
  balance: (event) => ({ ...event, balance: event.balance === null ? null : event.balance * 1.5 }),
  geography: (event, random) => (random.next() < 0.45 ? { ...event, geography: 'Germany' } : event),
  'new-product': (event, random) => (random.next() < 0.3 ? { ...event, numOfProducts: 5 } : event),
  'missing-values': (event, random) =>
    random.next() < 0.3 ? { ...event, age: null, creditScore: null } : event,
  'unseen-country': (event, random) => (random.next() < 0.3 ? { ...event, geography: 'Portugal' } : event),
} as const satisfies Record<string, Drift>;

export type DriftScenario = keyof typeof DRIFT_SCENARIOS;
