import type { Random } from '../schemas/random.ts';
import type { Drift } from './drift-stream.ts';
import { churnProbability, type BankEvent, type ChurnFactors } from './simulator.ts';

/** A way in which the simulated customers can leave the training profile. */
export interface DriftScenario {
  /** The series that moves first. */
  readonly feature: string;
  /** Of `Drift`, for events of the simulator. */
  readonly change: (event: BankEvent, random: Random) => BankEvent;
  readonly truth?: (event: BankEvent) => number;
}

/** The law of the simulator, for events of the simulator: they have all that it looks at. */
const byLaw = (event: BankEvent): number => churnProbability(event as BankEvent & ChurnFactors);

/** Replaces fields of a share of the events. */
const replacing =
  (
    share: number,
    fields: Readonly<Record<string, string | number | boolean | null>>,
  ): DriftScenario['change'] =>
  (event, random) =>
    random.next() < share ? { ...event, ...fields } : event;

const older = (years: number) => (event: BankEvent) => ({
  ...event,
  age: event.age === null ? null : Math.min(120, event.age + years),
});

const times = (field: 'balance' | 'estimatedSalary', factor: number) => (event: BankEvent) => ({
  ...event,
  [field]: event[field] === null ? null : Math.round(event[field] * factor * 100) / 100,
});

/** Named scenarios: each feature alone, and what a bank meets besides. */
export const DRIFT_SCENARIOS = {
  // Everyone is eight years older and as loyal as before.
  ageing: { feature: 'age', change: older(8) },
  // A score of the bureau, computed anew.
  'credit-score': {
    feature: 'creditScore',
    change: (event) => ({ ...event, creditScore: Math.min(1000, (event.creditScore ?? 0) + 60) }),
  },
  // Growth in Germany: those customers leave as Germans do.
  geography: { feature: 'geography', change: replacing(0.45, { geography: 'Germany' }), truth: byLaw },
  gender: { feature: 'gender', change: replacing(0.5, { gender: 'Female' }), truth: byLaw },
  'new-customers': { feature: 'tenure', change: replacing(0.4, { tenure: 0 }) },
  balance: { feature: 'balance', change: times('balance', 1.5) },
  // A fifth product that binds as the second does.
  'new-product': {
    feature: 'numOfProducts',
    change: replacing(0.3, { numOfProducts: 5 }),
    truth: (event) => byLaw(event.numOfProducts === 5 ? { ...event, numOfProducts: 2 } : event),
  },
  'fewer-cards': { feature: 'hasCrCard', change: replacing(0.4, { hasCrCard: false }) },
  'less-active': {
    feature: 'isActiveMember',
    change: replacing(0.5, { isActiveMember: false }),
    truth: byLaw,
  },
  salary: { feature: 'estimatedSalary', change: times('estimatedSalary', 1.6) },
  // A source system fails; the customers are the same.
  'missing-values': { feature: 'age', change: replacing(0.3, { age: null, creditScore: null }) },
  'unseen-country': { feature: 'geography', change: replacing(0.3, { geography: 'Portugal' }) },
} as const satisfies Record<string, DriftScenario>;

export type DriftName = keyof typeof DRIFT_SCENARIOS;

export const isDriftName = (name: string): name is DriftName => Object.hasOwn(DRIFT_SCENARIOS, name);

/** A named scenario as a drift. Its events must be those of the simulator: they have all that it looks at. */
export function namedDrift(name: DriftName): Drift {
  const { change, truth }: DriftScenario = DRIFT_SCENARIOS[name];
  return {
    change: (event, random) => change(event as BankEvent, random),
    ...(truth !== undefined && { truth: (event) => truth(event as BankEvent) }),
  };
}
