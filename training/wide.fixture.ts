/** Invented customers of as many inputs as wanted: numbers of several kinds, flags, categories. */
import { createRandom } from '../schemas/random.ts';
import type { CustomerSchema, InputValue } from '../schemas/customer/schema.ts';
import type { Dataset } from './dataset.ts';
import { GYM, input } from './invented.fixture.ts';

export interface Shape {
  /** Numbers, whole numbers and flags by turns. */
  readonly numbers: number;
  readonly categories: number;
  /** Of each category. */
  readonly levels: number;
}

/** As wide as a model may be: 500 inputs, 2,000 columns. */
export const WIDEST: Shape = { numbers: 440, categories: 60, levels: 26 };

const TYPES = ['number', 'integer', 'boolean', 'number'] as const;
const typeOf = (i: number) => TYPES[i % TYPES.length]!;

export const wideSchema = ({ numbers, categories }: Shape): CustomerSchema => ({
  ...GYM,
  name: 'wide',
  slices: [],
  inputs: [
    ...Array.from({ length: numbers }, (_, i) => input(`number${String(i)}`, typeOf(i))),
    ...Array.from({ length: categories }, (_, i) => input(`category${String(i)}`, 'category')),
  ],
});

/** Labelled customers: of each kind the first few inputs tell something. One value in twenty is missing. */
export function inventWide(rows: number, { numbers, categories, levels }: Shape, seed = 1): Dataset {
  const random = createRandom(seed);
  const labels = new Uint8Array(rows);
  const events = Array.from({ length: rows }, (_, row) => {
    let margin = -1;
    const values: Record<string, InputValue> = {};
    for (let i = 0; i < numbers; i++) {
      const x = random.normal();
      if (i < 12) margin += i % 2 === 0 ? 0.6 * x : -0.6 * x;
      const value = typeOf(i) === 'number' ? x : typeOf(i) === 'integer' ? Math.round(3 * x) : x > 0;
      values[`number${String(i)}`] = random.next() < 0.05 ? null : value;
    }
    for (let i = 0; i < categories; i++) {
      const level = random.int(levels);
      if (i < 4 && level < levels / 3) margin += 0.8;
      values[`category${String(i)}`] = random.next() < 0.05 ? null : `level ${String(level)}`;
    }
    labels[row] = Number(random.next() < 1 / (1 + Math.exp(-margin)));
    return { eventId: `e-${String(row)}`, customerId: `c-${String(row)}`, occurredAt: 1_764_000_000_000, ...values };
  }); // prettier-ignore
  return { name: 'wide', sha256: '00', events, labels, rowNumbers: events.map((_, i) => i + 1) };
}
