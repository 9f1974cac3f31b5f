/** Events of a batch in typed columns: what decoders fill, and feature rows and drift counts are made of. */
import { Ids, pickIds } from './ids.ts';
import type { CustomerEvent, CustomerInput, InputValue } from './schema.ts';

/** Numbers, whole numbers and booleans (0, 1): missing is NaN. Categories: missing is null. */
export type InputColumn = Float64Array | (string | null)[];

/** What a column is of. */
export type ColumnInput = Pick<CustomerInput, 'name' | 'type'>;

/** `count` events; of each column the first `count` entries hold, and those behind them are missing. */
export interface EventColumns {
  /** The inputs, in the order of the columns. */
  readonly inputs: readonly ColumnInput[];
  readonly capacity: number;
  count: number;
  readonly eventId: Ids;
  readonly customerId: Ids;
  /** Milliseconds since 1970. */
  readonly occurredAt: Float64Array;
  readonly columns: readonly InputColumn[];
}

/** @param capacity events at most. */
export function createColumns({ inputs }: Pick<EventColumns, 'inputs'>, capacity: number): EventColumns {
  return {
    inputs,
    capacity,
    count: 0,
    eventId: new Ids(capacity),
    customerId: new Ids(capacity),
    occurredAt: new Float64Array(capacity),
    columns: inputs.map(({ type }) =>
      type === 'category'
        ? new Array<string | null>(capacity).fill(null)
        : new Float64Array(capacity).fill(NaN),
    ),
  };
}

/** One value as an event holds it: null is missing, a boolean true or false. */
export function valueAt({ inputs, columns }: EventColumns, input: number, row: number): InputValue {
  const value = columns[input]![row]!;
  if (typeof value !== 'number') return value;
  if (Number.isNaN(value)) return null;
  return inputs[input]!.type === 'boolean' ? value === 1 : value;
}

/** One row as an event. */
export function eventAt(events: EventColumns, row: number): CustomerEvent {
  const event: { [field: string]: InputValue } & Pick<
    CustomerEvent,
    'eventId' | 'customerId' | 'occurredAt'
  > = {
    eventId: events.eventId.at(row),
    customerId: events.customerId.at(row),
    occurredAt: events.occurredAt[row]!,
  };
  for (let i = 0; i < events.inputs.length; i++) event[events.inputs[i]!.name] = valueAt(events, i, row);
  return event;
}

/** Appends an event; inputs that it lacks are missing. It is taken as it is: nothing is checked here. */
export function appendEvent(events: EventColumns, event: CustomerEvent): void {
  const row = events.count++;
  events.eventId.setText(row, event.eventId);
  events.customerId.setText(row, event.customerId);
  events.occurredAt[row] = event.occurredAt;
  events.inputs.forEach(({ name, type }, i) => {
    const value = event[name] ?? null;
    if (type === 'category') (events.columns[i] as (string | null)[])[row] = value as string | null;
    else (events.columns[i] as Float64Array)[row] = value === null ? NaN : Number(value);
  });
}

/** Makes all inputs of the row after the last event missing, whatever was written there. */
export function clearRow({ columns, count }: EventColumns): void {
  for (const column of columns)
    if (column instanceof Float64Array) column[count] = NaN;
    else column[count] = null;
}

/** Takes the last event back. */
export function dropLast(events: EventColumns): void {
  events.count--;
  clearRow(events);
}

/** Events as columns. */
export function columnsOfEvents(
  schema: Pick<EventColumns, 'inputs'>,
  events: readonly CustomerEvent[],
): EventColumns {
  const columns = createColumns(schema, events.length);
  for (const event of events) appendEvent(columns, event);
  return columns;
}

/** Some rows, in the order given, as columns of their own. */
export function rowsOfColumns(events: EventColumns, rows: readonly number[]): EventColumns {
  const { inputs } = events;
  return {
    inputs,
    capacity: rows.length,
    count: rows.length,
    eventId: pickIds(events.eventId, rows),
    customerId: pickIds(events.customerId, rows),
    occurredAt: Float64Array.from(rows, (row) => events.occurredAt[row]!),
    columns: events.columns.map((column) =>
      column instanceof Float64Array
        ? Float64Array.from(rows, (row) => column[row]!)
        : rows.map((row) => column[row]!),
    ),
  };
}
