/** Whether a manifest fits together: every part that a score or a drift count reads. */
import { copySha256 } from './customer-copy.ts';
import { fitsKind } from './customer-schema.ts';
import { columnsOf } from './feature-row.ts';
import { featureLimitFaults, manifestBytes, manifestSizeFault } from './limits.ts';
import type { FeatureSpec, Manifest, SeriesProfile } from './manifest.ts';

/** Yields what is wrong, as sentences that name the field. */
export function* manifestFaults(manifest: Manifest): Generator<string> {
  const { features, columns, riskCutoffs } = manifest;
  yield* featureLimitFaults(features);
  const tooLarge = manifestSizeFault(manifestBytes(manifest));
  if (tooLarge !== undefined) yield tooLarge;
  yield* featureFaults(features);
  const width = columnsOf(features);
  if (columns !== width) yield `columns is ${String(columns)}, the features have ${String(width)}`;
  for (const [name, cutoff] of Object.entries(riskCutoffs))
    if (!(cutoff >= 0 && cutoff <= 1)) yield `riskCutoffs.${name} is ${String(cutoff)}, possible are 0..1`;
  if (riskCutoffs.medium > riskCutoffs.high) yield 'riskCutoffs.medium is above riskCutoffs.high';
  yield* profileFaults(manifest);
  yield* copyFaults(manifest);
}

function* featureFaults(features: readonly FeatureSpec[]): Generator<string> {
  const twice = repeated(features.map(({ name }) => name));
  if (twice !== undefined) yield `features has ${twice} twice`;
  for (const feature of features)
    if (feature.kind === 'categorical')
      yield* categoryFaults(`features.${feature.name}.categories`, feature.categories);
}

/** Of the copy of the customer schema: it must be whole, and of the model's features. */
function* copyFaults({ features, customer }: Manifest): Generator<string> {
  if (customer === undefined) return;
  const found = copySha256(customer);
  if (found !== customer.sha256) yield `customer has sha256 ${found}, customer.sha256 is ${customer.sha256}`;
  const names = customer.inputs.map(({ name }) => name);
  const expected = features.map(({ name }) => name).join(', ');
  if (names.join(', ') !== expected) {
    yield `customer.inputs are ${names.join(', ')}, the features are ${expected}`;
    return;
  }
  for (const [i, feature] of features.entries()) {
    const { name, type, levels, other } = customer.inputs[i]!;
    if ((levels === undefined) !== (other === undefined))
      yield `customer.inputs.${name} has levels without other, or other without levels`;
    if (!fitsKind(feature, type))
      yield `customer.inputs.${name}.type is ${type}, the feature is ${feature.kind}`;
  }
  const { order = names } = customer;
  const twice = repeated(order);
  if (twice !== undefined) yield `customer.order has ${twice} twice`;
  const used = order.filter((name) => names.includes(name));
  if (used.join() !== names.join()) yield 'customer.order is not that of customer.inputs';
}

function* categoryFaults(field: string, categories: readonly string[]): Generator<string> {
  if (categories.length === 0) yield `${field} is empty`;
  if (categories.includes('')) yield `${field} has an empty name`;
  const twice = repeated(categories);
  if (twice !== undefined) yield `${field} has ${twice} twice`;
}

function repeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

function* profileFaults({ features, profile }: Manifest): Generator<string> {
  const names = profile.features.map(({ name }) => name).join(', ');
  const expected = features.map(({ name }) => name).join(', ');
  if (names !== expected) {
    yield `profile.features are ${names || 'none'}, the features are ${expected}`;
    return;
  }
  if (profile.rows < 1) yield `profile.rows is ${String(profile.rows)}, at least 1 is needed`;
  for (const [i, feature] of features.entries()) {
    const series = profile.features[i]!;
    const field = `profile.features.${feature.name}`;
    const kind = feature.kind === 'numeric' ? 'quantile' : 'categorical';
    if (series.kind !== kind) yield `${field}.kind is ${series.kind}, ${kind} is needed`;
    else yield* seriesFaults(field, series);
    if (feature.kind === 'categorical' && series.categories.join('\n') !== feature.categories.join('\n'))
      yield `${field}.categories are ${series.categories.join(', ')}, those of the feature are ${feature.categories.join(', ')}`;
    const rows = sum(series.counts);
    if (rows !== profile.rows)
      yield `${field}.counts are of ${String(rows)} rows, profile.rows is ${String(profile.rows)}`;
  }
  yield* scoreFaults(profile.score);
}

function* scoreFaults(score: SeriesProfile): Generator<string> {
  const field = 'profile.score';
  if (score.name !== 'score') yield `${field}.name is ${score.name}, score is needed`;
  if (score.kind !== 'quantile') yield `${field}.kind is ${score.kind}, quantile is needed`;
  else yield* seriesFaults(field, score);
  const outside = [...score.edges, score.min ?? 0, score.max ?? 0].find(
    (value) => !(value >= 0 && value <= 1),
  );
  if (outside !== undefined) yield `${field} has ${String(outside)}, scores are 0..1`;
  if (sum(score.counts) === 0) yield `${field}.counts are of no rows`;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** Bins of what is missing, unseen, out of range: they follow the others. */
const SPECIAL_BINS = 3;

function* seriesFaults(field: string, series: SeriesProfile): Generator<string> {
  const { kind, edges, categories, min, max, counts } = series;
  if (kind === 'categorical') yield* categoryFaults(`${field}.categories`, categories);
  const falling = edges.findIndex((edge, i) => i > 0 && !(edge > edges[i - 1]!));
  if (falling >= 0) yield `${field}.edges is not ascending at ${String(edges[falling])}`;
  if (min !== null && max !== null && min > max) yield `${field}.min is above ${field}.max`;
  const bins = (kind === 'quantile' ? edges.length + 1 : categories.length) + SPECIAL_BINS;
  if (counts.length !== bins)
    yield `${field}.counts has ${String(counts.length)} entries, its bins are ${String(bins)}`;
}
