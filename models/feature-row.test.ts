import { describe, expect, it } from 'vitest';
import type { CustomerEvent, InputValue } from '../schemas/customer/schema.ts';
import { createFeatureRowEncoder } from './feature-row.ts';
import type { FeatureSpec } from './manifest.ts';

const FEATURES: FeatureSpec[] = [
  { name: 'age', kind: 'numeric' },
  { name: 'geography', kind: 'categorical', categories: ['France', 'Spain'] },
  { name: 'isActiveMember', kind: 'numeric' },
];
const EVENT: CustomerEvent = {
  eventId: 'e', customerId: 'c', occurredAt: 0,
  creditScore: null, geography: 'Spain', gender: null, age: 41, tenure: null,
  balance: null, numOfProducts: null, hasCrCard: null, isActiveMember: true, estimatedSalary: null,
}; // prettier-ignore

function encode(changes: Record<string, InputValue>): number[] {
  // What lay in the buffer before must not show through.
  const rows = new Float32Array(6).fill(9);
  createFeatureRowEncoder(FEATURES)({ ...EVENT, ...changes }, rows, 1);
  expect([rows[0], rows[5]]).toEqual([9, 9]);
  return [...rows.subarray(1, 5)];
}

describe('createFeatureRowEncoder', () => {
  it('writes numbers as they are, categories one column each, flags 0 or 1', () => {
    expect(encode({})).toEqual([41, 0, 1, 1]);
    expect(encode({ isActiveMember: false, geography: 'France' })).toEqual([41, 1, 0, 0]);
  });

  it('tells missing from unseen', () => {
    expect(encode({ age: null, geography: null, isActiveMember: null })).toEqual([NaN, NaN, NaN, NaN]);
    expect(encode({ geography: 'Italy' })).toEqual([41, 0, 0, 1]);
    expect(encode({ geography: 'constructor' })).toEqual([41, 0, 0, 1]);
  });
});
