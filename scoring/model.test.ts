import { expect, test } from 'vitest';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { TINY_NODES, tinyRelease, node } from '../models/tiny-release.fixture.ts';
import { explain } from './explanation.ts';
import { openModel } from './model.ts';
import { createSession } from './onnx.io.ts';

const EVENT: CustomerEvent = {
  eventId: 'e1', customerId: 'c1', occurredAt: 0, creditScore: null, geography: null, gender: null, age: 40, tenure: null,
  balance: null, numOfProducts: null, hasCrCard: null, isActiveMember: true, estimatedSalary: null,
}; // prettier-ignore

/** Passes its golden rows, and gives NaN for an age of 0. */
const hole = tinyRelease({
  nodes: [
    ...TINY_NODES.slice(0, 3),
    node('Div', ['clipped', 'features'], ['one']),
    node('Where', ['missing', 'zero', 'one'], ['two']),
    node('Sub', ['two', 'two'], ['none']),
    node('Add', ['clipped', 'none'], ['holed']),
    node('Mul', ['holed', 'weights'], ['contributions']),
    ...TINY_NODES.slice(4),
  ],
});

test('an event without a finite score is named, and its neighbours are not taken for it', async () => {
  const model = await openModel(hole, createSession);
  const sound = { event: EVENT, scoreId: 's' };
  const odd = { event: { ...EVENT, eventId: 'e2', age: 0 }, scoreId: 's' };
  const [score] = await model.score([sound]);
  expect(score!.reasons[0]!.feature).toBe('age');
  const expected = { code: 'SCORE_NOT_FINITE', message: expect.stringContaining('e2') as string };
  await expect(model.score([sound, odd])).rejects.toMatchObject(expected);
  await expect(explain(model, odd.event, 's')).rejects.toMatchObject({ code: 'SCORE_NOT_FINITE' });
  expect((await explain(model, EVENT, 's')).score).toEqual(score);
  await model.close();
});
