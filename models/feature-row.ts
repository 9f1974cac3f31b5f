import {
  columnsOfEvents,
  type ColumnInput,
  type EventColumns,
  type InputColumn,
} from '../schemas/customer/columns.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { FeatureSpec } from './manifest.ts';

/**
 * Writes the feature rows of the events `from` to `to` (not included), row after row from the beginning of `rows`: float32,
 * one column for a number (missing = NaN), one per category for a category (missing = all NaN, a category the model never
 * saw = all 0).
 */
export type FeatureRowEncoder = (events: EventColumns, from: number, to: number, rows: Float32Array) => void;

type FeatureWriter = (column: InputColumn | undefined, from: number, to: number, rows: Float32Array) => void;

/** Columns of a feature row. */
export const columnsOf = (features: readonly FeatureSpec[]): number =>
  features.reduce((sum, feature) => sum + (feature.kind === 'numeric' ? 1 : feature.categories.length), 0);

/** Finds the columns of some inputs by name; undefined: events do not have it, it is missing. */
export type FindColumns = (events: EventColumns) => readonly (InputColumn | undefined)[];

/** Events of one reader have one list of inputs: it is searched once. */
export function createFindColumns(names: readonly string[]): FindColumns {
  let inputs: EventColumns['inputs'] | undefined;
  let places: readonly (number | undefined)[] = [];
  return (events) => {
    if (events.inputs !== inputs) {
      inputs = events.inputs;
      const found = new Map(inputs.map(({ name }, place) => [name, place]));
      places = names.map((name) => found.get(name));
    }
    return places.map((place) => (place === undefined ? undefined : events.columns[place]));
  };
}

/** Compiles the encoder of a model's features. */
export function createFeatureRowEncoder(features: readonly FeatureSpec[]): FeatureRowEncoder {
  const find = createFindColumns(features.map(({ name }) => name));
  const width = columnsOf(features);
  let column = 0;
  const writers = features.map((feature) => {
    const write = featureWriter(feature, column, width);
    column += feature.kind === 'numeric' ? 1 : feature.categories.length;
    return write;
  });
  return (events, from, to, rows) => {
    const columns = find(events);
    for (let i = 0; i < writers.length; i++) writers[i]!(columns[i], from, to, rows);
  };
}

function featureWriter(feature: FeatureSpec, at: number, width: number): FeatureWriter {
  if (feature.kind === 'numeric') {
    return (column, from, to, rows) => {
      const values = column as Float64Array | undefined;
      for (let i = from, cell = at; i < to; i++, cell += width)
        rows[cell] = values === undefined ? NaN : values[i]!;
    };
  }
  const { length } = feature.categories;
  const positions = new Map(feature.categories.map((category, index) => [category, index]));
  return (column, from, to, rows) => {
    const values = column as readonly (string | null)[] | undefined;
    for (let i = from, start = at; i < to; i++, start += width) {
      const value = values?.[i] ?? null;
      const filling = value === null ? NaN : 0;
      for (let cell = start; cell < start + length; cell++) rows[cell] = filling;
      const position = value === null ? undefined : positions.get(value);
      if (position !== undefined) rows[start + position] = 1;
    }
  };
}

/** Columns that hold what a model reads of events. */
export const featureInputs = (features: readonly FeatureSpec[]): readonly ColumnInput[] =>
  features.map(({ name, kind }) => ({ name, type: kind === 'numeric' ? 'number' : 'category' }));

/** Events in columns, as far as a model reads them. */
export const featureColumns = (
  features: readonly FeatureSpec[],
  events: readonly CustomerEvent[],
): EventColumns => columnsOfEvents({ inputs: featureInputs(features) }, events);

/** Events that are in columns at once: there may be millions. */
const CHUNK = 1000;

/** The feature rows of events, row after row. */
export function featureRows(
  features: readonly FeatureSpec[],
  events: readonly CustomerEvent[],
): Float32Array {
  const width = columnsOf(features);
  const encode = createFeatureRowEncoder(features);
  const rows = new Float32Array(events.length * width);
  for (let from = 0; from < events.length; from += CHUNK) {
    const columns = featureColumns(features, events.slice(from, from + CHUNK));
    encode(columns, 0, columns.count, rows.subarray(from * width));
  }
  return rows;
}
