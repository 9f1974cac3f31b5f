import { expect, test } from 'vitest';
import fc from 'fast-check';
import { readOutcome } from './outcome.ts';

const good = { outcomeId: 'o', customerId: 'c', eventId: null, churned: true, observedAt: 5 };

test('an outcome is taken as it is; times may be ISO 8601, an absent eventId is null', () => {
  expect(readOutcome(good)).toEqual(good);
  expect(readOutcome({ ...good, eventId: 'e', extra: 1 })).toEqual({ ...good, eventId: 'e' });
  expect(readOutcome({ ...good, eventId: undefined, observedAt: '1970-01-01T00:00:01Z' })).toEqual({
    ...good,
    observedAt: 1000,
  });
});

test.each([
  [{ ...good, outcomeId: '' }, 'outcomeId'],
  [{ ...good, customerId: 7 }, 'customerId'],
  [{ ...good, eventId: 'x'.repeat(129) }, 'eventId'],
  [{ ...good, churned: 1 }, 'churned'],
  [{ ...good, observedAt: 'soon' }, 'observedAt'],
  [null, 'not an object'],
])('%j is refused by name', (raw, name) => {
  const read = readOutcome(raw);
  expect('code' in read ? read.message : 'accepted').toContain(name);
});

test('never throws', () => {
  fc.assert(fc.property(fc.anything(), (raw) => typeof readOutcome(raw) === 'object'));
});
