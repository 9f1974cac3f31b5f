/** Decoders of events, one for each schema that models in service read them by. */
import { schemaOfModel, type ModelInputs } from '../models/customer-schema.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';

/** Kept; beyond that the oldest goes. */
const MAX_DECODERS = 20;

/**
 * Finds the decoder of a model's events. Models with the same copy of the customer schema share one, so a swap to such a model
 * compiles nothing and asks the registry for nothing.
 *
 * @param make compiles the decoder of a schema.
 */
export function createModelDecoders<D>(
  configured: CustomerSchema,
  make: (schema: CustomerSchema) => D,
): (model: ModelInputs) => D {
  const decoders = new Map<string, D>();
  return (model) => {
    const key = model.customer?.sha256 ?? model.features.map(({ name }) => name).join('\n');
    const known = decoders.get(key);
    if (known !== undefined) return known;
    const oldest = decoders.size >= MAX_DECODERS ? decoders.keys().next().value : undefined;
    if (oldest !== undefined) decoders.delete(oldest);
    const made = make(schemaOfModel(model, configured));
    decoders.set(key, made);
    return made;
  };
}
