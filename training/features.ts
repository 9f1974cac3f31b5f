/** From the customer schema and the training rows to the features of a model. */
import { columnsOf } from '../models/feature-row.ts';
import type { FeatureSpec } from '../models/manifest.ts';
import { trainedInputs, type CustomerEvent, type CustomerSchema } from '../schemas/customer/schema.ts';

/** One-hot columns of a feature row at most: a number takes one, a category one for each level. */
export const MAX_COLUMNS = 2000;
/** Categories that a refusal names: the largest. */
const NAMED = 5;

/**
 * The features of a model, in the order of the schema: categories with the levels that the training rows have, sorted; all
 * else as numbers. A category without any level in them has no column and is left out.
 */
export function featureSpecs(
  customer: Pick<CustomerSchema, 'inputs'>,
  events: readonly CustomerEvent[],
): FeatureSpec[] {
  return trainedInputs(customer).flatMap(({ name, type }): FeatureSpec[] => {
    if (type !== 'category') return [{ name, kind: 'numeric' }];
    const seen = new Set<string>();
    for (const event of events) if (event[name] != null) seen.add(String(event[name]));
    return seen.size === 0 ? [] : [{ name, kind: 'categorical', categories: [...seen].sort() }];
  });
}

/**
 * Refuses features that no model can be trained on.
 *
 * @throws RangeError that says which inputs are too wide and what to do.
 */
export function assertColumns(features: readonly FeatureSpec[]): void {
  const columns = columnsOf(features);
  if (columns <= MAX_COLUMNS) return;
  const levels = (feature: FeatureSpec): number =>
    feature.kind === 'numeric' ? 0 : feature.categories.length;
  const widest = features
    .filter((feature) => levels(feature) > 1)
    .sort((a, b) => levels(b) - levels(a))
    .slice(0, NAMED)
    .map((feature) => `${feature.name} (${String(levels(feature))} levels)`);
  throw new RangeError(
    `a feature row would have ${String(columns)} columns, allowed are ${String(MAX_COLUMNS)} (one for a number, one for each level of a category). ` +
      `The widest are ${widest.join(', ')}: list the levels that matter under \`levels\` of the input and name the rest with \`other\`, ` +
      'or set `retired: true` for an input that identifies customers',
  );
}
