/** Invented customers of an invented gym, and a schema for them: data of any shape, without anybody's in it. */
import type { CustomerInput, CustomerSchema, InputValue } from '../schemas/customer/schema.ts';
import { createRandom, type Random } from '../schemas/random.ts';
import type { Dataset } from './dataset.ts';

/** An input with nothing special about it. */
export function input(
  name: string,
  type: CustomerInput['type'],
  more: Partial<CustomerInput> = {},
): CustomerInput {
  return {
    name,
    type,
    aliases: [],
    headers: [],
    path: undefined,
    doc: undefined,
    min: undefined,
    max: undefined,
    maxLength: 256,
    spellings: {},
    missing: [],
    levels: undefined,
    other: undefined,
    commas: undefined,
    isRetired: false,
    ...more,
  };
}

const field = (name: string) => ({ name, aliases: [], headers: [], path: undefined });

/** Visits and months are whole numbers, the fee is not; sauna is a flag, club a category. */
export const GYM: CustomerSchema = {
  version: 1,
  name: 'gym',
  customerId: field('customerId'),
  eventId: field('eventId'),
  occurredAt: field('occurredAt'),
  rowNumber: [],
  inputs: [
    input('visits', 'integer', { min: 0, doc: 'a month' }),
    input('fee', 'number', { min: 0, max: 500 }),
    input('sauna', 'boolean'),
    input('club', 'category'),
    input('months', 'integer'),
  ],
  label: { name: 'Quit', aliases: [], headers: [], churned: ['yes'], stayed: ['no'] },
  slices: [
    { input: 'club', bounds: [] },
    { input: 'fee', bounds: [20, 40.5] },
    { input: 'sauna', bounds: [] },
  ],
  gate: { minWeightedF1: undefined, minAucGain: undefined, minLogLossGain: undefined },
  ignored: [],
};

/** The gym's schema with further inputs. */
export const gymWith = (...inputs: readonly CustomerInput[]): CustomerSchema => ({
  ...GYM,
  inputs: [...GYM.inputs, ...inputs],
});

export interface Invention {
  /** Share of those who quit. */
  readonly churn?: number;
  readonly seed?: number;
  /** How much the inputs tell; 0: nothing. */
  readonly signal?: number;
  /** Further inputs, or others in their place. */
  readonly more?: (row: number, churned: boolean, random: Random) => Readonly<Record<string, InputValue>>;
}

/** Invented labelled customers: the same for the same arguments. */
export function inventGym(
  rows: number,
  { churn = 0.25, seed = 1, signal = 1, more }: Invention = {},
): Dataset {
  const random = createRandom(seed);
  const labels = Uint8Array.from({ length: rows }, () => Number(random.next() < churn));
  const events = Array.from(labels, (label, row) => {
    const pull = signal * (label - 0.5);
    return {
      eventId: `row-${String(row + 1)}`,
      customerId: `c-${String(row + 1)}`,
      occurredAt: 0,
      visits: Math.max(0, Math.round(8 - 4 * pull + 3 * random.normal())),
      fee: Math.round(100 * Math.abs(30 + 10 * pull + 10 * random.normal())) / 100,
      sauna: random.next() < 0.5 - 0.2 * pull,
      club: random.next() < 0.05 ? null : ['North', 'South', 'West'][random.int(3)]!,
      months: random.int(60),
      ...more?.(row, label === 1, random),
    };
  });
  return { name: 'gym', sha256: '00', events, labels, rowNumbers: events.map((_, i) => i + 1) };
}

/** The customers as a CSV of the gym, with the label. */
export function gymCsv({ events, labels }: Dataset): string {
  const names = GYM.inputs.map(({ name }) => name);
  const rows = events.map((event, i) =>
    [event.customerId, ...names.map((name) => event[name] ?? ''), labels[i] === 1 ? 'yes' : 'no'].join(),
  );
  return [['customerId', ...names, 'Quit'].join(), ...rows, ''].join('\n');
}

/** The gym's schema as a file. */
export const GYM_FILE = `version: 1
name: gym
inputs:
  - { name: visits, type: integer, min: 0, doc: a month }
  - { name: fee, type: number, min: 0, max: 500 }
  - { name: sauna, type: boolean }
  - { name: club, type: category }
  - { name: months, type: integer }
label: { name: Quit, churned: [yes], stayed: [no] }
slices: [club, { input: fee, bounds: [20, 40.5] }, sauna]
`;
