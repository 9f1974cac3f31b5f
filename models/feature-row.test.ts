import { describe, expect, it } from 'vitest';
import type { CustomerEvent, InputValue } from '../schemas/customer/schema.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { columnsOfEvents } from '../schemas/customer/columns.ts';
import { createFeatureRowEncoder, featureRows } from './feature-row.ts';
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
  const rows = new Float32Array(9).fill(9);
  const events = [EVENT, { ...EVENT, ...changes }, EVENT];
  createFeatureRowEncoder(FEATURES)(columnsOfEvents(BANK, events), 1, 2, rows);
  expect([...rows.subarray(4)]).toEqual(new Array(5).fill(9));
  expect([...featureRows(FEATURES, events).subarray(4, 8)]).toEqual([...rows.subarray(0, 4)]);
  return [...rows.subarray(0, 4)];
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
