/** Where a reader of events puts what it finds under a key. */
import type { KnownKeys } from '../members.ts';
import { createLevelOf, limitsOf, wordsOf, type Words } from './input-checks.ts';
import { fieldNames } from './names.ts';
import type { CustomerSchema, InputType } from './schema.ts';

/** What lies under a key: a field, an inner object, or nothing that is read. */
export interface Slot {
  readonly kind: InputType | 'eventId' | 'customerId' | 'occurredAt' | 'object' | 'skipped' | 'unknown';
  /** Number of the field: 0..2 the ids and the time, then the inputs; -1: no field. */
  readonly field: number;
  /** Number of the input, and of its column. */
  readonly input: number;
  /** Whether the key is the field's own name: a number there is no id. */
  readonly isName: boolean;
  readonly min: number;
  readonly max: number;
  /** UTF-16 code units of a text at most. */
  readonly maxLength: number;
  readonly words: Words | undefined;
  /** undefined: any text of a category is its level. */
  readonly levelOf: ((text: string) => string) | undefined;
  /** Of an inner object. */
  readonly inner: Slots | undefined;
}

/** The slots of one object's keys. */
export interface Slots {
  readonly byKey: ReadonlyMap<string, Slot>;
  /**
   * The keys of the object before, in its order, and their slots: where the next object has the same, which is the rule,
   * its keys need not be looked up.
   */
  readonly lastKeys: string[];
  readonly lastSlots: Slot[];
}

/** Keys of an object whose order is remembered at most. */
export const MAX_LAST = 1500;

/** All slots have one shape, which makes reading them cheap: this is what each key of each event goes through. */
const slot = ({
  kind,
  field = -1,
  input = -1,
  isName = false,
  min = 0,
  max = 0,
  maxLength = 0,
  words,
  levelOf,
  inner,
}: Pick<Slot, 'kind'> & Partial<Slot>): Slot => ({
  kind,
  field,
  input,
  isName,
  min,
  max,
  maxLength,
  words,
  levelOf,
  inner,
});

export const UNKNOWN = slot({ kind: 'unknown' });

const IDENTITY = ['eventId', 'customerId', 'occurredAt'] as const;

/** The slots of the outermost object. */
export function slotsOf(schema: CustomerSchema, known: KnownKeys): Slots {
  const numbers = new Map(fieldNames(schema).map((name, number) => [name, number]));
  const slotOf = (key: string, name: string): Slot => {
    const field = numbers.get(name)!;
    const isName = key === name;
    const input = schema.inputs[field - IDENTITY.length];
    if (input === undefined) return slot({ kind: IDENTITY[field]!, field, isName });
    const { type, maxLength, levels } = input;
    const levelOf = levels === undefined ? undefined : createLevelOf(input);
    const place = { field, input: field - IDENTITY.length, isName };
    return slot({ kind: type, ...place, ...limitsOf(input), maxLength, words: wordsOf(input), levelOf });
  };
  const compile = ({ prefix, fields, inner, skipped }: KnownKeys): Slots => {
    const byKey = new Map<string, Slot>();
    for (const key of skipped ?? []) byKey.set(key, slot({ kind: 'skipped' }));
    for (const [key, name] of fields) byKey.set(key, slotOf(prefix + key, name));
    for (const [key, keys] of inner) byKey.set(key, slot({ kind: 'object', inner: compile(keys) }));
    return { byKey, lastKeys: [], lastSlots: [] };
  };
  return compile(known);
}
