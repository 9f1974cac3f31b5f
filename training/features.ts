/** From the customer schema and the training rows to the features of a model. */
import type { FeatureSpec } from '../models/manifest.ts';
import { trainedInputs, type CustomerEvent, type CustomerSchema } from '../schemas/customer/schema.ts';

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
