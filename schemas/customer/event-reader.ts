/**
 * From a decoded value of any origin to a customer event. What is *impossible* is refused with a reason
 * (`RECORD_INVALID`); what is merely new to a model (a missing value, an unseen country) passes: that is drift.
 */
import { Invalid, Missing } from '../checks.ts';
import type { Steps } from '../avro-body.ts';
import type { Poison } from '../errors.ts';
import { EVENT_RULES, type EventRules } from '../event.ts';
import { misspellings } from '../fields.ts';
import { checkMembers, isObject, type JsonSource } from '../members.ts';
import { createColumns, dropLast, eventAt, type EventColumns } from './columns.ts';
import { createAvroScan } from './event-avro.ts';
import { createEventPass } from './event-pass.ts';
import { createEventCheck } from './event-check.ts';
import { createEventScan, type EventScan } from './event-scan.ts';
import { slotsOf } from './event-slots.ts';
import { knownKeys } from './names.ts';
import type { CustomerEvent, CustomerSchema } from './schema.ts';

/** Reads events as one schema describes them. Compiled once; never throws. */
export interface EventReader {
  readonly schema: CustomerSchema;
  /**
   * Checks a decoded value and gives it the event's shape; fields that the schema does not have are left out, and counted if
   * the value came as JSON text.
   *
   * @param raw an object under the fields' names, or as the schema's paths have it.
   * @returns the event, or why it is impossible.
   */
  read(raw: unknown, source?: JsonSource): CustomerEvent | Poison;
  /**
   * As `read`, into the next row of `columns`; a refused value takes none.
   *
   * @throws RangeError if they are full.
   */
  readInto(raw: unknown, source: JsonSource | undefined, columns: EventColumns): Poison | undefined;
  /** As `readInto`, of JSON text, if that is plainly a right event. Throws RangeError, too. */
  readonly scanInto: EventScan;
  /** Compiles the same for the Avro bodies of one writer schema; undefined: they are read as objects. */
  scanOf(writer: Steps): EventScan | undefined;
}

const refused = (message: string): Poison => ({ code: 'RECORD_INVALID', message });

/** Compiles the reader of a schema. */
export function createEventReader(schema: CustomerSchema, rules: EventRules = EVENT_RULES): EventReader {
  const known = knownKeys(schema);
  const pass = createEventPass(schema, known, rules);
  const check = createEventCheck(schema, known, rules);
  const slots = slotsOf(schema, known);
  const scan = createEventScan(schema, slots, rules);

  /** Says what is wrong with a value, or takes one that is right in an unusual way. Throws Invalid. */
  function readClosely(
    raw: Readonly<Record<string, unknown>>,
    source: JsonSource | undefined,
    columns: EventColumns,
  ): void {
    if (source !== undefined) checkMembers(raw, source, known, NaN);
    check(raw, columns);
  }

  function readInto(raw: unknown, source: JsonSource | undefined, columns: EventColumns): Poison | undefined {
    assertRoom(columns);
    if (!isObject(raw)) return refused('the value is not an object with the fields of a CustomerEvent');
    try {
      if (!pass(raw, source, columns)) readClosely(raw, source, columns);
      return undefined;
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      const hints = error instanceof Missing ? misspellings(Object.keys(raw), known.fields) : '';
      return refused(error.message + hints);
    }
  }

  const one = createColumns(schema, 1);
  return {
    schema,
    readInto,
    scanInto: (bytes, start, end, columns, unknown) => {
      assertRoom(columns);
      return scan(bytes, start, end, columns, unknown);
    },
    scanOf: (writer) => createAvroScan(slots, writer, rules),
    read: (raw, source) => {
      const poison = readInto(raw, source, one);
      if (poison !== undefined) return poison;
      const event = eventAt(one, 0);
      dropLast(one);
      return event;
    },
  };
}

function assertRoom({ count, capacity }: EventColumns): void {
  if (count >= capacity) throw new RangeError(`the columns take ${String(capacity)} events`);
}
