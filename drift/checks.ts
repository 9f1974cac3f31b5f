/** Whether records of our own topics make sense: others may have written there too. Each check says what is wrong, or nothing. */
import type { SeriesProfile } from '../models/manifest.ts';
import type { Manifest } from '../models/manifest.ts';
import type { DriftCounts, DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import { regularBins, SPECIAL_BINS } from './bins.ts';
import { SCORE_SERIES } from './counts.ts';
import { CUSTOMER_COUNTERS } from './customers.ts';
import type { MonitorState } from './monitor.ts';
import type { Pane } from './pane.ts';

/** Events of one scorer transaction: more than any has. */
const MOST_EVENTS = 10_000;
/** Partitions of a topic: more than any has. Each costs the state a few bytes. */
const MOST_PARTITIONS = 10_000;
/** The latest point in time that has a date, milliseconds since 1970. */
const LATEST_MS = 8.64e15;
/** Characters of a name or an id; of a topic's name Kafka takes more. */
const LONGEST_TEXT = 200;
const LONGEST_TOPIC = 249;

type Profile = Manifest['profile'];

export const isCount = (value: unknown, most = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
export const isTime = (value: unknown): boolean => isCount(value, LATEST_MS);
const isActivation = (value: unknown): boolean => value === -1 || isCount(value);
const isIndex = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;
export const isText = (value: unknown, most = LONGEST_TEXT): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= most;

/** The first check that fails, by its name. */
const firstFault = (checks: Readonly<Record<string, boolean>>): string | undefined =>
  Object.entries(checks).find(([, holds]) => !holds)?.[0];

/** The series of a profile in the order of counts: the features, then the score. */
const seriesOf = ({ features, score }: Profile): readonly SeriesProfile[] => [
  ...features,
  { ...score, name: SCORE_SERIES },
];
const binsOf = (series: SeriesProfile): number => regularBins(series) + SPECIAL_BINS.length;

/** What is wrong with counts, whatever model they are of. */
export function countsFault(counts: DriftCounts): string | undefined {
  const { firstOffset, lastOffset, events } = counts;
  return firstFault({
    modelSha256: isText(counts.modelSha256),
    activation: isActivation(counts.activation),
    sourcePartition: isCount(counts.sourcePartition, MOST_PARTITIONS),
    sourceTopic: isText(counts.sourceTopic, LONGEST_TOPIC),
    firstOffset: isCount(firstOffset) && firstOffset <= lastOffset,
    lastOffset: isCount(lastOffset),
    maxTimestamp: isTime(counts.maxTimestamp),
    events: isCount(events, MOST_EVENTS) && events > 0 && events <= lastOffset - firstOffset + 1,
    customers: counts.customers.length === 0 || isSketch(counts.customers, events),
  });
}

/** Whether these are the counters of so many events. */
const isSketch = (customers: readonly unknown[], events: number): boolean =>
  customers.length === CUSTOMER_COUNTERS &&
  customers.every((count) => isCount(count)) &&
  (customers as number[]).reduce((a, b) => a + b, 0) === events;

/** What is wrong with counts of a model with this profile: other series or bins, or sums that are not the number of events. */
export function countsMisfit({ series, events }: DriftCounts, profile: Profile): string | undefined {
  const expected = seriesOf(profile);
  if (series.length !== expected.length) return `${String(series.length)} series`;
  for (const [i, { name, counts, contributionSum }] of series.entries()) {
    if (name !== expected[i]!.name) return `series ${name.slice(0, LONGEST_TEXT)}`;
    if (counts.length !== binsOf(expected[i]!)) return `${name}: ${String(counts.length)} bins`;
    if (!counts.every((count) => isCount(count))) return `${name}: a count`;
    if (counts.reduce((a, b) => a + b, 0) !== events) return `${name}: the sum of its counts`;
    if (!Number.isFinite(contributionSum)) return `${name}: contributionSum`;
  }
  return undefined;
}

/** What is wrong with a verdict, its state aside. */
export const verdictFault = (verdict: DriftVerdict): string | undefined =>
  firstFault({
    modelSha256: isText(verdict.modelSha256),
    activation: isActivation(verdict.activation),
    firstCountsOffset:
      isCount(verdict.firstCountsOffset) && verdict.firstCountsOffset <= verdict.lastCountsOffset,
    lastCountsOffset: isCount(verdict.lastCountsOffset),
    events: isCount(verdict.events) && verdict.events > 0,
    psi: verdict.psi.length > 0 && verdict.psi.every(({ name, psi }) => isText(name) && isIndex(psi)),
  });

/** Whether a state's panes have the series and bins of a profile. */
export function fitsProfile({ panes, blocks, block, reference }: MonitorState, profile: Profile): boolean {
  const expected = seriesOf(profile).map(binsOf);
  const all = [...panes, ...blocks, ...(block === null ? [] : [block])];
  const fits = ({ counts, contributions }: Pane): boolean =>
    counts.length === expected.length &&
    contributions.length === expected.length &&
    counts.every((series, i) => series.length === expected[i]);
  return all.every(fits) && (reference === null || reference.contributions.length === expected.length);
}

/** What is wrong with a retrain request. */
export const requestFault = (request: RetrainRequested): string | undefined =>
  firstFault({
    requestId: isText(request.requestId),
    modelSha256: isText(request.modelSha256),
    modelVersion: isText(request.modelVersion),
    activation: isActivation(request.activation),
    requestedAt: isTime(request.requestedAt),
    countsOffset: isCount(request.countsOffset),
    scorePsi: isIndex(request.scorePsi),
    maxFeaturePsi: isIndex(request.maxFeaturePsi),
    events: isCount(request.events) && request.events > 0,
    driftSince:
      request.driftSince === null ||
      (isTime(request.driftSince) && request.driftSince <= request.requestedAt),
  });
