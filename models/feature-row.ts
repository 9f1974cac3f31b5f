import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { FeatureSpec } from './manifest.ts';

/**
 * Writes the feature row of an event: float32, one column for a number (missing = NaN), one per category for a category
 * (missing = all NaN, a category the model never saw = all 0).
 */
export type FeatureRowEncoder = (event: CustomerEvent, rows: Float32Array, at: number) => void;

type ColumnWriter = (event: CustomerEvent, rows: Float32Array, at: number) => void;

/** Columns of a feature row. */
export const columnsOf = (features: readonly FeatureSpec[]): number =>
  features.reduce((sum, feature) => sum + (feature.kind === 'numeric' ? 1 : feature.categories.length), 0);

/** Compiles the encoder of a model's features. */
export function createFeatureRowEncoder(features: readonly FeatureSpec[]): FeatureRowEncoder {
  const writers: ColumnWriter[] = [];
  let column = 0;
  for (const feature of features) {
    writers.push(columnWriter(feature, column));
    column += feature.kind === 'numeric' ? 1 : feature.categories.length;
  }
  return (event, rows, at) => {
    for (const write of writers) write(event, rows, at);
  };
}

function columnWriter(feature: FeatureSpec, column: number): ColumnWriter {
  const name = feature.name;
  if (feature.kind === 'numeric') {
    return (event, rows, at) => {
      const value = event[name] ?? null;
      rows[at + column] = value === null ? NaN : Number(value);
    };
  }
  const width = feature.categories.length;
  const positions = new Map(feature.categories.map((category, index) => [category, index]));
  return (event, rows, at) => {
    const value = event[name] ?? null;
    const from = at + column;
    rows.fill(value === null ? NaN : 0, from, from + width);
    const position = value === null ? undefined : positions.get(String(value));
    if (position !== undefined) rows[from + position] = 1;
  };
}
