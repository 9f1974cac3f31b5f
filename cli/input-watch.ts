import { shown } from '../schemas/csv/errors.ts';
import { trainedInputs, type CustomerEvent, type CustomerSchema } from '../schemas/customer/schema.ts';
import type { FeatureSpec } from '../models/manifest.ts';

/** Sees what a whole file never has. */
export interface InputWatch {
  see(event: CustomerEvent): void;
  /** Inputs missing in every event; inputs of which no event has a value the model knows. None without events. */
  warnings(): string[];
}

/** @param features of the model, if there is one: whose categories are known. */
export function watchInputs(schema: CustomerSchema, features: readonly FeatureSpec[] = []): InputWatch {
  const empty = new Set(trainedInputs(schema).map(({ name }) => name));
  const unseen = new Map<string, { known: readonly string[]; first?: string }>(
    features.flatMap((feature) =>
      feature.kind === 'categorical' ? [[feature.name, { known: feature.categories }] as const] : [],
    ),
  );
  let events = 0;
  return {
    see: (event) => {
      events += 1;
      for (const field of empty) if (event[field] != null) empty.delete(field);
      for (const [field, categories] of unseen) {
        const value = event[field];
        if (value == null) continue;
        categories.first ??= String(value);
        if (categories.known.includes(String(value))) unseen.delete(field);
      }
    },
    warnings: () => {
      if (events === 0) return [];
      const missing =
        empty.size === 0
          ? []
          : [`missing in every row: ${[...empty].join(', ')}: the scores are those of customers without`];
      const unknown = [...unseen].flatMap(([field, { known, first }]) =>
        first === undefined
          ? []
          : [
              `${field}: no row has a value the model knows (${known.join(', ')}); the first is ${shown(first)}`,
            ],
      );
      return [...missing, ...unknown];
    },
  };
}
