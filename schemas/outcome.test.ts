import { expect, test } from 'vitest';
import fc from 'fast-check';
import { OUTCOME } from './avro.ts';
import { decodeJson } from './json.ts';
import { readLabel, readOutcome } from './outcome.ts';

const MS = 1_764_000_000_000;
const good = { outcomeId: 'o', customerId: 'c', eventId: null, churned: true, observedAt: MS };

test('an outcome is taken as it is; times may be ISO 8601, an absent eventId is null', () => {
  expect(readOutcome(good)).toEqual(good);
  expect(readOutcome({ ...good, eventId: 'e', extra: 1 })).toEqual({ ...good, eventId: 'e' });
  expect(readOutcome({ ...good, eventId: undefined, observedAt: new Date(MS).toISOString() })).toEqual(good);
});

test.each([
  [true, true], [1, true], ['1', true], ['1.0', true], ['true', true], ['TRUE', true], ['yes', true], ['Yes', true],
  [false, false], [0, false], [-0, false], ['0', false], ['0.0', false], ['False', false], ['NO', false],
])('the label %j is %j', (churned, expected) => {
  expect(readLabel(churned)).toBe(expected);
  expect(readOutcome({ ...good, churned })).toEqual({ ...good, churned: expected });
}); // prettier-ignore

test.each([
  [{ ...good, outcomeId: '' }, 'outcomeId has 0 characters'],
  [{ ...good, customerId: 7 }, 'customerId is a number, not a string'],
  [{ ...good, customerId: '\ud800' }, 'customerId holds half a character'],
  [{ ...good, eventId: 'x'.repeat(129) }, 'eventId has 129 characters'],
  [{ ...good, churned: 2 }, 'churned is a number, not one of true'],
  [{ ...good, churned: 'maybe' }, 'churned is a string, not one of true'],
  [{ ...good, churned: { toString: 1 } }, 'churned is an object, not one of true'],
  [{ ...good, churned: null }, 'churned is missing: no label'],
  [{ ...good, churned: '' }, 'churned is missing: no label'],
  [{ ...good, churned: undefined, Churned: 1 }, 'misspelt is churned'],
  [{ ...good, observedAt: 'soon' }, 'observedAt is a string'],
  [{ ...good, observedAt: 5 }, 'observedAt is too early, possible are times from 2000-01-01'],
  [null, 'not an object'],
  [[good], 'not an object'],
])('%j is refused by name', (raw, message) => {
  const read = readOutcome(raw);
  expect('code' in read ? read.message : 'accepted').toContain(message);
});

test('in JSON, a key that is there twice is refused, and unknown fields are counted', () => {
  const unknown = new Map<string, number>();
  const text = JSON.stringify({ ...good, reason: 'moved' });
  expect(decodeJson(Buffer.from(text), OUTCOME.read, unknown)).toEqual(good);
  expect(unknown).toEqual(new Map([['reason', 1]]));
  const twice = Buffer.from(text.replace('{', '{"churned":false,'));
  expect(decodeJson(twice, OUTCOME.read, unknown)).toMatchObject({
    message: 'the key "churned" is there twice',
  });
});

test('never throws', () => {
  fc.assert(fc.property(fc.anything(), (raw) => typeof readOutcome(raw) === 'object'));
});
