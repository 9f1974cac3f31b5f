import { createRandom, type Random } from '../schemas/random.ts';
import type { CustomerEvent, CustomerSchema, InputType } from '../schemas/customer/schema.ts';

/** An event of the bank whose customers are simulated. */
export interface BankEvent extends CustomerEvent {
  readonly creditScore: number | null;
  readonly geography: string | null;
  readonly gender: string | null;
  readonly age: number | null;
  readonly tenure: number | null;
  readonly balance: number | null;
  readonly numOfProducts: number | null;
  readonly hasCrCard: boolean | null;
  readonly isActiveMember: boolean | null;
  readonly estimatedSalary: number | null;
}

/** One simulated customer: the event and the truth about it. */
export interface SimulatedCustomer {
  readonly event: BankEvent;
  readonly churned: boolean;
}

export interface SimulatorOptions {
  readonly seed: number;
  /** `occurredAt` of the first event, milliseconds since 1970. */
  readonly startMs: number;
  /** Time between events, milliseconds. */
  readonly stepMs: number;
  /** Makes event ids unique between runs. */
  readonly idPrefix: string;
}

/**
 * Customers drawn from a few dozen aggregates of the bank's set (shares, means, spreads, churn rates of groups, fitted by
 * eye), and no row of it: half of them French, a quarter German (whose balance is never 0), a quarter Spanish; one in
 * eleven with an unknown tenure; about one in five leaves. How well a model of simulated customers ranks the bank's is
 * therefore no independent evidence.
 */
export function createSimulator(options: SimulatorOptions): () => SimulatedCustomer {
  const random = createRandom(options.seed);
  let index = 0;
  return () => {
    const customer = drawCustomer(random);
    const event: BankEvent = {
      eventId: `${options.idPrefix}${String(index)}`,
      customerId: String(15_000_000 + random.int(1_000_000)),
      occurredAt: options.startMs + index * options.stepMs,
      ...customer,
      tenure: random.next() < 0.091 ? null : customer.tenure,
    };
    index += 1;
    return { event, churned: random.next() < churnProbability(customer) };
  };
}

interface Inputs {
  readonly creditScore: number;
  readonly geography: string;
  readonly gender: string;
  readonly age: number;
  readonly tenure: number;
  readonly balance: number;
  readonly numOfProducts: number;
  readonly hasCrCard: boolean;
  readonly isActiveMember: boolean;
  readonly estimatedSalary: number;
}

const SIMULATED: Readonly<Record<keyof Inputs, InputType>> = {
  creditScore: 'integer',
  geography: 'category',
  gender: 'category',
  age: 'integer',
  tenure: 'integer',
  balance: 'number',
  numOfProducts: 'integer',
  hasCrCard: 'boolean',
  isActiveMember: 'boolean',
  estimatedSalary: 'number',
};

/** Inputs of the simulated customers that a schema does not have, or has as another type: none if it is the bank's. */
export const notSimulated = ({ inputs }: Pick<CustomerSchema, 'inputs'>): string[] =>
  Object.entries(SIMULATED)
    .filter(([name, type]) => !inputs.some((input) => input.name === name && input.type === type))
    .map(([name]) => name);

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
const cents = (value: number): number => Math.round(value * 100) / 100;

function drawCustomer(random: Random): Inputs {
  const country = random.next();
  const geography = country < 0.501 ? 'France' : country < 0.752 ? 'Germany' : 'Spain';
  const noBalance = geography !== 'Germany' && random.next() < 0.482;
  const balance = noBalance ? 0 : cents(clamp(119_800 + 30_100 * random.normal(), 3_800, 251_000));
  const age = drawAge(random);
  return {
    creditScore: Math.round(clamp(650.5 + 97 * random.normal(), 350, 850)),
    geography,
    gender: random.next() < 0.546 ? 'Male' : 'Female',
    age,
    tenure: random.next() < 0.04 ? 0 : random.next() < 0.05 ? 10 : 1 + random.int(9),
    balance,
    numOfProducts: drawProducts(random, holdingOf(geography, balance)),
    hasCrCard: random.next() < 0.7055,
    isActiveMember: random.next() < (age < 60 ? 0.5 : 0.82),
    estimatedSalary: cents(11 + random.next() * 199_970),
  };
}

/** Log-normal around 37 with a tail of the old. */
function drawAge(random: Random): number {
  const bulk = Math.exp(3.6 + 0.232 * random.normal());
  return Math.round(clamp(random.next() < 0.06 ? 48 + 30 * random.next() : bulk, 18, 92));
}

type Holding = 'empty' | 'saver' | 'german';

/** An empty account, a balance outside Germany, or Germany (never empty): products and churn go by it. */
function holdingOf(geography: string, balance: number): Holding {
  if (geography === 'Germany') return 'german';
  return balance === 0 ? 'empty' : 'saver';
}

/** Share of customers with two products among those with one or two. */
const TWO_PRODUCTS: Readonly<Record<Holding, number>> = { empty: 0.74, saver: 0.252, german: 0.436 };

function drawProducts(random: Random, holding: Holding): number {
  const draw = random.next();
  if (draw < 0.006) return 4;
  if (draw < 0.033) return 3;
  return random.next() < TWO_PRODUCTS[holding] ? 2 : 1;
}

/** Log-odds of leaving by age in years, for inactive and active customers: highest at 50 to 65. Straight lines between. */
const AGE_EFFECT = [
  { age: 27, inactive: -2.3, active: -2.9 },
  { age: 32, inactive: -2.2, active: -2.8 },
  { age: 37, inactive: -1.6, active: -2.2 },
  { age: 42, inactive: -0.8, active: -1.5 },
  { age: 47, inactive: 0.5, active: -0.5 },
  { age: 52, inactive: 1.7, active: -0.1 },
  { age: 57, inactive: 2.5, active: -0.65 },
  { age: 62, inactive: 3.1, active: -1.4 },
  { age: 67, inactive: 1.4, active: -2.3 },
  { age: 75, inactive: 0.1, active: -3.3 },
] as const;

/** Log-odds by number of products and holding: a second product binds the customer with an empty account most. */
const PRODUCT_EFFECT: Readonly<Record<Holding, readonly [one: number, two: number]>> = {
  empty: [0.85, -2.55],
  saver: [-0.5, -0.6],
  german: [1.15, -0.95],
};
const THREE_PRODUCTS = 3.6;
const FOUR_PRODUCTS = 8;

function ageEffect(age: number, isActiveMember: boolean): number {
  const key = isActiveMember ? 'active' : 'inactive';
  const above = AGE_EFFECT.findIndex((knot) => knot.age >= age);
  if (above === 0) return AGE_EFFECT[0][key];
  const from = AGE_EFFECT.at(above < 0 ? -1 : above - 1)!;
  if (above < 0) return from[key];
  const to = AGE_EFFECT[above]!;
  return from[key] + ((to[key] - from[key]) * (age - from.age)) / (to.age - from.age);
}

function productEffect(products: number, holding: Holding): number {
  if (products >= 3) return products === 3 ? THREE_PRODUCTS : FOUR_PRODUCTS;
  return PRODUCT_EFFECT[holding][products === 1 ? 0 : 1];
}

/** What the law of leaving looks at. */
export type ChurnFactors = Pick<
  Inputs,
  'age' | 'numOfProducts' | 'isActiveMember' | 'geography' | 'gender' | 'balance' | 'creditScore'
>;

/**
 * The law behind the outcomes, the probability of leaving: log-odds by age and activity, products and holding (with the
 * country), gender, credit.
 */
export function churnProbability(customer: ChurnFactors): number {
  const { age, numOfProducts, isActiveMember, geography, gender, balance, creditScore } = customer;
  const margin =
    1.15 * ageEffect(age, isActiveMember) +
    productEffect(numOfProducts, holdingOf(geography, balance)) +
    (gender === 'Female' ? 0.5 : 0) -
    0.0007 * (creditScore - 650);
  return 1 / (1 + Math.exp(-margin));
}
