import { BankChurnError } from '../schemas/errors.ts';
import { featureColumns } from '../models/feature-row.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { ChurnScore, RiskLevel } from '../schemas/generated.ts';
import type { Model } from './model.ts';
import { createScoreBuilder, notFinite, notFiniteRows, sigmoid } from './score.ts';

/** What a feature added to the log-odds of one score, and what it was. */
export interface Contribution {
  readonly feature: string;
  readonly value: string | number | boolean | null;
  /** Log-odds. */
  readonly contribution: number;
}

/** A score with all its reasons: baseMargin + the contributions = margin, but for float32. */
export interface Explanation {
  readonly scoreId: string;
  readonly eventId: string;
  readonly customerId: string;
  readonly modelVersion: string;
  readonly modelSha256: string;
  readonly churnProbability: number;
  readonly churnPrediction: boolean;
  readonly riskLevel: RiskLevel;
  /** Log-odds of the score. */
  readonly margin: number;
  /** Log-odds expected over the training rows, and their probability. */
  readonly baseMargin: number;
  readonly baseProbability: number;
  /** Of every feature, the largest first. */
  readonly contributions: readonly Contribution[];
}

/** Scores an event again and returns the contributions of all features. Throws SCORE_NOT_FINITE if it has no score. */
export async function explain(
  model: Model,
  event: CustomerEvent,
  scoreId: string,
): Promise<{ score: ChurnScore; explanation: Explanation }> {
  const events = featureColumns(model.manifest.features, [event]);
  const { outputs } = await model.evaluate(events);
  if (notFiniteRows(outputs, outputs.length) !== undefined) {
    const { code, message } = notFinite(model.manifest);
    throw new BankChurnError(code, message);
  }
  const score = createScoreBuilder(model.manifest)(events, 0, scoreId, outputs, 0);
  const contributions = model.manifest.features.map(({ name }, i) => ({
    feature: name,
    value: event[name] ?? null,
    contribution: outputs[i + 1]!,
  }));
  contributions.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const { eventId, customerId, churnProbability, churnPrediction, riskLevel, baseMargin } = score;
  const explanation = {
    scoreId,
    eventId,
    customerId,
    modelVersion: score.modelVersion,
    modelSha256: score.modelSha256,
    churnProbability,
    churnPrediction,
    riskLevel,
    margin: outputs[0]!,
    baseMargin,
    baseProbability: sigmoid(baseMargin),
    contributions,
  };
  return { score, explanation };
}

/** Cells of the longest way from the least to the greatest log-odds on the way. */
const BAR_CELLS = 36;
/** Cells of a label: as many as the longest needs, within these. */
const LABEL_CELLS = { least: 30, most: 48 };
/** Features that have a line of their own; all others share one. */
const MOST_LINES = 40;

const percent = (probability: number): string => `${(probability * 100).toFixed(1)} %`;
const signed = (value: number): string => (value < 0 ? '−' : '+') + Math.abs(value).toFixed(2);

/** The explanation as lines of text under a heading: each bar begins where the one above it ended. */
export function waterfall(explanation: Explanation): string[] {
  const { baseMargin, margin } = explanation;
  const steps = stepsOf(explanation.contributions);
  const ends = [baseMargin];
  for (const { contribution } of steps) ends.push(ends[ends.length - 1]! + contribution);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const cell = (value: number): number => Math.round(((value - low) / (high - low || 1)) * BAR_CELLS);
  const longest = Math.max(LABEL_CELLS.least, ...steps.map(({ label }) => label.length));
  const cells = Math.min(LABEL_CELLS.most, longest);
  const fitted = (text: string): string =>
    (text.length > cells ? `${text.slice(0, cells - 1)}…` : text).padEnd(cells);
  const bars = steps.map(({ label, contribution }, i) => {
    const [from, to] = [cell(ends[i]!), cell(ends[i + 1]!)];
    const shaft = '─'.repeat(Math.max(0, Math.abs(to - from) - 1));
    const bar = to === from ? '·' : contribution < 0 ? `◄${shaft}` : `${shaft}►`;
    return `${fitted(label)} ${signed(contribution)}  ${' '.repeat(Math.min(from, to))}${bar}`;
  });
  const point = (value: number): string => `${' '.repeat(cell(value))}│`;
  return [
    'log-odds'.padStart(cells + 6),
    `${fitted(`average customer ${percent(explanation.baseProbability)}`)} ${signed(baseMargin)}  ${point(baseMargin)}`,
    ...bars,
    `${fitted(`this customer    ${percent(explanation.churnProbability)}`)} ${signed(margin)}  ${point(margin)}`,
  ];
}

interface Step {
  readonly label: string;
  readonly contribution: number;
}

/** A step for each contribution, in their order; if they are many, the last ones are one step. */
function stepsOf(contributions: readonly Contribution[]): Step[] {
  const own = contributions.length > MOST_LINES ? MOST_LINES - 1 : contributions.length;
  const rest = contributions.slice(own);
  const steps = contributions.slice(0, own).map(({ feature, value, contribution }) => ({
    label: `${feature} = ${value === null ? 'missing' : String(value)}`,
    contribution,
  }));
  if (rest.length === 0) return steps;
  const together = rest.reduce((sum, { contribution }) => sum + contribution, 0);
  return [...steps, { label: `${String(rest.length)} other features`, contribution: together }];
}
