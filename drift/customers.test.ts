import { expect, test } from 'vitest';
import { Ids } from '../schemas/customer/ids.ts';
import { createRandom } from '../schemas/random.ts';
import { countCustomers, CUSTOMER_COUNTERS, effectiveCustomers } from './customers.ts';

/** The counters of customers with so many events each. */
function sketch(events: readonly number[], salt = 0): number[] {
  const ids = new Ids(events.reduce((a, b) => a + b, 0));
  let row = 0;
  events.forEach((count, customer) => {
    for (let i = 0; i < count; i++) ids.setText(row++, `customer-${String(salt)}-${String(customer)}`);
  });
  return Array.from(countCustomers(ids, row));
}
const times = (customers: number, events: number): number[] => new Array<number>(customers).fill(events);
const effective = (events: readonly number[], salt = 0): number =>
  effectiveCustomers(
    sketch(events, salt),
    events.reduce((a, b) => a + b, 0),
  );

test('customers with as many events each are as many as they are, within the error of the sketch', () => {
  for (const [customers, events] of [[4000, 1], [200, 20], [40, 100], [1, 500]] as const) {
    const found = Array.from({ length: 50 }, (_, salt) => effective(times(customers, events), salt));
    const mean = found.reduce((a, b) => a + b, 0) / found.length;
    expect([customers, mean / customers > 0.93, mean / customers < 1.03]).toEqual([customers, true, true]);
    for (const one of found) expect(Math.abs(one / customers - 1)).toBeLessThan(0.4);
  }
}); // prettier-ignore

test('one who sends a thousand events beside three thousand others makes sixteen of them', () => {
  expect(effective([1000, ...times(3000, 1)])).toBeCloseTo(4000 ** 2 / (1000 ** 2 + 3000), 0);
});

test('events of scorers that count no customers are a customer each; no event, no customer', () => {
  expect(effectiveCustomers([], 4000)).toBe(4000);
  const half = sketch([1000]);
  expect(effectiveCustomers(half, 2000)).toBeCloseTo(2000 ** 2 / (1000 ** 2 + 1000), 3);
  expect(effectiveCustomers([], 0)).toBe(0);
});

test('counters of the parts add up to those of the whole', () => {
  const random = createRandom(1);
  const names = Array.from({ length: 3000 }, () => `c-${String(random.int(500))}`);
  const of = (some: readonly string[]): Uint32Array => {
    const ids = new Ids(some.length);
    some.forEach((name, row) => ids.setText(row, name));
    return countCustomers(ids, some.length);
  };
  const [a, b] = [of(names.slice(0, 1234)), of(names.slice(1234))];
  expect(a.map((count, i) => count + b[i]!)).toEqual(of(names));
  expect(a).toHaveLength(CUSTOMER_COUNTERS);
});

test('an id has the same hash as bytes of a record and as a text, wherever it lies', () => {
  const ids = new Ids(3);
  const bytes = Buffer.from('..customer-42..');
  ids.setBytes(0, bytes, 2, 11);
  ids.setText(1, 'customer-42');
  ids.setText(2, 'customer-43');
  expect(ids.hashAt(0)).toBe(ids.hashAt(1));
  expect(ids.hashAt(1)).not.toBe(ids.hashAt(2));
});
