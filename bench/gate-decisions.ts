/**
 * How often the whole gate of the trainer promotes a challenger of which the truth is known: `BENCH_DECISIONS` (2,000)
 * decisions on customers drawn from a simulated population. Seeded (`BENCH_SEED`): same seed, same table. `BENCH_CONTESTS`
 * names some of the rows (a regular expression).
 */
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { createRandom, type Random } from '../schemas/random.ts';
import { SETTINGS } from '../config.ts';
import { columnsOf, featureRows } from '../models/feature-row.ts';
import type { FeatureSpec } from '../models/manifest.ts';
import {
  churnProbability,
  createSimulator,
  type ChurnFactors,
  type SimulatedCustomer,
} from '../producers/simulator.ts';
import { DEFAULT_PARAMETERS, fitEnsemble, predictMargins, type Ensemble } from '../training/boosting.ts';
import { challengeFigures } from '../training/challenge-figures.ts';
import { judgeChallenger, type ChallengeRule } from '../training/challenge-gate.ts';
import { rocAuc } from '../training/evaluation.ts';
import { featureSpecs } from '../training/features.ts';
import { gateRules } from '../training/gate.ts';
import { sliceRows } from '../training/slices.ts';

const DECISIONS = Number(process.env['BENCH_DECISIONS'] ?? 2000);
const SEED = Number(process.env['BENCH_SEED'] ?? 1);
const CONTESTS = new RegExp(process.env['BENCH_CONTESTS'] ?? '');
const SIZES = [1000, 2000, 5000];
/** Customers that decisions draw from; the true ROC AUC is that on all of them. */
const POPULATION = 100_000;
const TRAINED = 8000;
/** Labelled rows of the drifted stream that a challenger is trained on beside the base set. */
const FRESH = 14_000;

const { gate, training } = SETTINGS;
const settings = Object.fromEntries(
  Object.entries(gate.settings).map(([name, { initial }]) => [name, initial]),
);
const RULE = {
  ...settings,
  minRecentLabels: training.settings.minRecentLabels.initial,
  maxAucLoss: training.settings.maxAucLoss.initial,
  base: gateRules(BANK, null),
} as unknown as ChallengeRule;

interface Population {
  readonly customers: readonly SimulatedCustomer[];
  readonly labels: Uint8Array;
}

/** Whether a customer churns in a changed world. */
type Law = (customer: SimulatedCustomer, random: Random) => boolean;

function draw(customers: number, seed: number, law: Law = ({ churned }) => churned): Population {
  const next = createSimulator({ seed, startMs: 0, stepMs: 1, idPrefix: 'g' });
  const random = createRandom(seed + 1);
  const drawn = Array.from({ length: customers }, next);
  return { customers: drawn, labels: Uint8Array.from(drawn, (customer) => Number(law(customer, random))) };
}

const eventsOf = ({ customers }: Population) => customers.map(({ event }) => event);
const FEATURES: readonly FeatureSpec[] = featureSpecs(BANK, eventsOf(draw(TRAINED, SEED)));

function fit(...parts: readonly Population[]): Ensemble {
  const x = featureRows(FEATURES, parts.flatMap(eventsOf)); // prettier-ignore
  const y = Uint8Array.from(parts.flatMap(({ labels }) => [...labels]));
  return fitEnsemble({ x, y, columns: columnsOf(FEATURES) }, DEFAULT_PARAMETERS);
}

const marginsOf = (model: Ensemble, of: Population): Float64Array =>
  Float64Array.from(predictMargins(model, featureRows(FEATURES, eventsOf(of))));
const noise = (seed: number, n = POPULATION): Float64Array => {
  const random = createRandom(seed);
  return Float64Array.from({ length: n }, () => random.normal());
};
const plus = (margins: Float64Array, spread: number, random: Float64Array): Float64Array =>
  margins.map((margin, row) => margin + spread * random[row]!);

/** Margins with so much noise that the ROC AUC is as wanted. */
function worsened(margins: Float64Array, labels: Uint8Array, auc: number, seed: number): Float64Array {
  const random = noise(seed);
  let [few, many] = [0, 10];
  for (let step = 0; step < 30; step++) {
    const middle = (few + many) / 2;
    if (rocAuc(plus(margins, middle, random), labels) > auc) few = middle;
    else many = middle;
  }
  return plus(margins, few, random);
}

interface Contest {
  readonly name: string;
  readonly on: Population;
  readonly champion: Float64Array;
  readonly challenger: Float64Array;
  /** Rows of each customer. */
  readonly repeats?: number;
}

const probability = (margin: number): number => 1 / (1 + Math.exp(-margin));

/** Share of the decisions that promote. */
function promoted(
  { on, champion, challenger, repeats = 1 }: Contest,
  labels: number,
  decisions: number,
): number {
  const random = createRandom(SEED * 7919 + labels);
  let passed = 0;
  for (let i = 0; i < decisions; i++) {
    const people = Array.from({ length: labels / repeats }, () => random.int(POPULATION));
    const rows = people.flatMap((person) => Array<number>(repeats).fill(person));
    const figures = challengeFigures(
      {
        labels: Uint8Array.from(rows, (row) => on.labels[row]!),
        customers: Int32Array.from(rows, (_, i) => Math.floor(i / repeats)),
        champion: Float64Array.from(rows, (row) => probability(champion[row]!)),
        challenger: Float64Array.from(rows, (row) => probability(challenger[row]!)),
      },
      sliceRows(BANK, rows.map((row) => on.customers[row]!.event)), // prettier-ignore
    );
    if (judgeChallenger(figures, { missing: 'simulated' }, RULE).passed) passed += 1;
  }
  return passed / decisions;
}

/** Challengers of which the difference in ROC AUC is known: one model on other rows, with noise on one of the two. */
function differences(): Contest[] {
  const on = draw(POPULATION, SEED + 10);
  const [a, b] = [SEED, SEED + 100].map((seed) => marginsOf(fit(draw(TRAINED, seed)), on)) as [
    Float64Array,
    Float64Array,
  ];
  const [aucA, aucB] = [rocAuc(a, on.labels), rocAuc(b, on.labels)];
  const level = Math.min(aucA, aucB);
  const [champion, equal] = [
    worsened(a, on.labels, level, SEED + 2),
    worsened(b, on.labels, level, SEED + 3),
  ];
  const of = (auc: number): Float64Array => worsened(b, on.labels, auc, SEED + 3);
  return [
    { name: 'ROC AUC lower by .01', on, champion, challenger: of(level - 0.01) },
    { name: '… five rows of each customer', on, champion, challenger: of(level - 0.01), repeats: 5 },
    { name: 'equal ROC AUC', on, champion, challenger: equal },
    { name: 'ROC AUC higher by .02', on, champion: worsened(a, on.labels, level - 0.02, SEED + 2), challenger: equal }, // prettier-ignore
    { name: 'noise, against a good champion', on, champion, challenger: noise(SEED + 4).map((z) => z - 1.6) },
    {
      name: 'noise, against one that ranks backwards',
      on,
      champion: champion.map((margin) => -margin),
      challenger: noise(SEED + 5).map((z) => 0.1 * z - 1.36),
    },
  ];
}

/** The world changes; the challenger is trained on the base set and labelled rows of the stream, as the trainer does. */
function shifts(): Contest[] {
  const base = draw(TRAINED, SEED);
  const champion = fit(base);
  const laws: [string, Law][] = [
    ['labels flipped', ({ churned }) => !churned],
    [
      'churn odds × 3',
      ({ event }, random) => random.next() < tripled(churnProbability(event as ChurnFactors)),
    ],
  ];
  return laws.map(([name, law]) => {
    const on = draw(POPULATION, SEED + 20, law);
    const challenger = fit(base, draw(FRESH, SEED + 30, law));
    return { name, on, champion: marginsOf(champion, on), challenger: marginsOf(challenger, on) };
  });
}

/** The probability with three times the odds. */
const tripled = (p: number): number => (3 * p) / (1 + 2 * p);

/** Prints the table. */
export function gateDecisions(): void {
  const row = (cells: readonly string[]): void =>
    console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(42) : cell.padStart(10))).join(''));
  row(['\npromoted, % of decisions, by labels', 'ΔAUC', ...SIZES.map(String)]);
  for (const contest of [...differences(), ...shifts()].filter(({ name }) => CONTESTS.test(name))) {
    const { name, on, champion, challenger } = contest;
    const difference = rocAuc(challenger, on.labels) - rocAuc(champion, on.labels);
    const shares = SIZES.map((labels) => (100 * promoted(contest, labels, DECISIONS)).toFixed(2));
    row([name, difference.toFixed(4), ...shares]);
  }
}
