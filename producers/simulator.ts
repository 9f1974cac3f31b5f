import { createRandom, type Random } from '../schemas/random.ts';
import type { CustomerEvent } from '../schemas/generated.ts';

/** One simulated customer: the event and the truth about it. */
export interface SimulatedCustomer {
  readonly event: CustomerEvent;
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
 * Customers drawn from documented figures of a retail bank (shares, means, spreads and the known dependences), no row of
 * any data set: half of them French, a quarter German (whose balance is never 0), a quarter Spanish; one in eleven
 * with an unknown tenure; about one in five leaves.
 */
export function createSimulator(options: SimulatorOptions): () => SimulatedCustomer {
  const random = createRandom(options.seed);
  let index = 0;
  return () => {
    const customer = drawCustomer(random);
    const event: CustomerEvent = {
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

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
const cents = (value: number): number => Math.round(value * 100) / 100;

function drawCustomer(random: Random): Inputs {
  const country = random.next();
  const geography = country < 0.501 ? 'France' : country < 0.752 ? 'Germany' : 'Spain';
  const noBalance = geography !== 'Germany' && random.next() < 0.482;
  const balance = noBalance ? 0 : cents(clamp(119_800 + 30_100 * random.normal(), 3_800, 251_000));
  return {
    creditScore: Math.round(clamp(650.5 + 97 * random.normal(), 350, 850)),
    geography,
    gender: random.next() < 0.546 ? 'Male' : 'Female',
    age: drawAge(random),
    tenure: random.next() < 0.04 ? 0 : random.next() < 0.05 ? 10 : 1 + random.int(9),
    balance,
    numOfProducts: drawProducts(random, noBalance),
    hasCrCard: random.next() < 0.7055,
    isActiveMember: random.next() < 0.515,
    estimatedSalary: cents(11 + random.next() * 199_970),
  };
}

/** Log-normal around 37 with a tail of the old. */
function drawAge(random: Random): number {
  return Math.round(
    clamp(
      Math.exp(3.616 + 0.246 * random.normal()) + (random.next() < 0.05 ? random.next() * 22 : 0),
      18,
      92,
    ),
  );
}

function drawProducts(random: Random, noBalance: boolean): number {
  const draw = random.next();
  if (draw < 0.006) return 4;
  if (draw < 0.033) return 3;
  return random.next() < (noBalance ? 0.715 : 0.355) ? 2 : 1;
}

/** The law behind the outcomes: log-odds by age (highest at 50 to 60), products, activity, country, gender and balance. */
function churnProbability(customer: Inputs): number {
  const { age, numOfProducts, isActiveMember, geography, gender, balance, creditScore } = customer;
  const products = numOfProducts === 1 ? 0 : numOfProducts === 2 ? -1.75 : numOfProducts === 3 ? 2.9 : 6;
  const ageEffect = 4.15 * Math.exp(-(((age - 55) / 13.5) ** 2));
  const youngActive = isActiveMember ? (age > 45 ? -1.75 : -0.65) : 0;
  const margin =
    -2.28 +
    ageEffect +
    products +
    youngActive +
    (geography === 'Germany' ? 0.75 : 0) +
    (gender === 'Female' ? 0.52 : 0) +
    (balance === 0 && numOfProducts === 1 ? 0.5 : 0) -
    0.0007 * (creditScore - 650);
  return 1 / (1 + Math.exp(-margin));
}
