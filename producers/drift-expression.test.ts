import { describe, expect, it } from 'vitest';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { parseCustomerSchema } from '../schemas/customer/parse.ts';
import type { CustomerEvent, InputValue } from '../schemas/customer/schema.ts';
import { createRandom } from '../schemas/random.ts';
import { driftOf, parseDrift, splitDrift } from './drift-expression.ts';
import { createDrifter } from './drift-stream.ts';

const TELCO = parseCustomerSchema(
  `version: 1
name: telco
inputs:
  - { name: tenure, type: integer, min: 0, max: 72 }
  - { name: MonthlyCharges, type: number, headers: [Monthly charges], min: 0 }
  - { name: Partner, type: boolean, spellings: { true: [Yes], false: [No] } }
  - { name: Contract, type: category, spellings: { One year: [12 months] }, missing: [unknown], maxLength: 20 }
`,
  'telco.yaml',
);

/** What changes make of one customer, event after event. */
function changed(text: string, values: Record<string, InputValue>, events = 1): CustomerEvent[] {
  const { change } = driftOf(parseDrift(splitDrift([text]), TELCO));
  const random = createRandom(1);
  const event = { eventId: 'e', customerId: 'c', occurredAt: 0, ...values };
  return Array.from({ length: events }, () => change(event, random));
}

describe('changes', () => {
  it.each([
    ['tenure+10', { tenure: 5 }, { tenure: 15 }],
    ['tenure-10', { tenure: 5 }, { tenure: 0 }],
    ['tenure+100', { tenure: 5 }, { tenure: 72 }],
    ['tenure*1.5', { tenure: 5 }, { tenure: 8 }],
    ['tenure+10', { tenure: null }, { tenure: null }],
    ['MonthlyCharges*1.1', { MonthlyCharges: 29.85 }, { MonthlyCharges: 32.835 }],
    ['MonthlyCharges*1e308', { MonthlyCharges: 29.85 }, { MonthlyCharges: 29.85 }],
    [' monthly charges = 7 ', { MonthlyCharges: 1 }, { MonthlyCharges: 7 }],
    ['Partner=yes', { Partner: false }, { Partner: true }],
    ['Partner=missing', { Partner: false }, { Partner: null }],
    ['Contract=12 months', { Contract: 'Two year' }, { Contract: 'One year' }],
    ['Contract=Ten: years', { Contract: 'Two year' }, { Contract: 'Ten: years' }],
    ['Contract=UNKNOWN', { Contract: 'Two year' }, { Contract: null }],
    ['tenure+10;tenure*2; MonthlyCharges-1', { tenure: 5, MonthlyCharges: 2 }, { tenure: 30, MonthlyCharges: 1 }],
    ['tenure+10', {}, { tenure: null }],
  ])('%s', (text, before, after) => {
    expect(changed(text, before)).toEqual([{ eventId: 'e', customerId: 'c', occurredAt: 0, ...before, ...after }]);
  }); // prettier-ignore

  it('concern the share that is asked for, each with its own draw', () => {
    const events = changed('tenure=missing:30%;Partner=true:50%', { tenure: 1, Partner: false }, 10_000);
    const share = (has: (event: CustomerEvent) => boolean): number => events.filter(has).length / 10_000;
    expect(share(({ tenure }) => tenure === null)).toBeCloseTo(0.3, 1);
    expect(share(({ Partner }) => Partner === true)).toBeCloseTo(0.5, 1);
    expect(share(({ tenure, Partner }) => tenure === null && Partner === true)).toBeCloseTo(0.15, 1);
  });
});

describe('errors', () => {
  it.each([
    ['tenure10', 'tenure10 is no change: write an input, one of + - * = and a value, as age+10'],
    ['tenur+10', 'no input is named tenur: did you mean tenure?'],
    ['height+10', 'no input is named height: there are tenure, MonthlyCharges, Partner, Contract'],
    ['tenure+x', 'x is no number'],
    ['tenure+', 'nothing is no number'],
    ['tenure+0', '+0 changes nothing'],
    ['tenure*1', 'times 1 changes nothing'],
    ['tenure+1.5', 'tenure is a whole number: + a whole number, or * to scale it'],
    ['tenure=1.5', 'tenure is a whole number, and 1.5 is none'],
    ['tenure=', 'a value is missing behind ='],
    ['tenure=73', 'the customer schema allows tenure up to 72: such events would be dead letters'],
    ['MonthlyCharges=-1', 'the customer schema allows MonthlyCharges from 0 on'],
    ['MonthlyCharges=1e999', 'MonthlyCharges is a number, and 1e999 is none'],
    ['Partner+1', 'Partner is true or false, and + is for numbers: give some events a value, as Partner=true:60%'],
    ['Partner=perhaps', 'Partner is true, false or missing, and not perhaps'],
    ['Contract*2', 'Contract is a category, and * is for numbers: give some events a value, as Contract=missing:30%'],
    ['Contract=a contract for always and ever', 'allows 20 characters for Contract'],
    ['Contract=One year:60', 'a share is written with %, as :60%'],
    ['Contract=One year:0%', '0% is no share: more than 0% and at most 100%'],
    ['tenure=1:130%', '130% is no share'],
    ['tenure=1:%', '% is no share'],
    ['Contract=One year:60%,tenure+1', 'between two changes comes ; and no comma'],
    [';', 'no change is given'],
  ])('%s', (text, message) => {
    expect(() => parseDrift(splitDrift([text]), TELCO)).toThrow(message);
  }); // prettier-ignore

  it('come all at once, as a fault of the configuration', () => {
    const parse = () => parseDrift(splitDrift(['age=200', 'tenure+1;salary*2;gender-1']), BANK);
    expect(parse).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
    expect(parse).toThrow(/age=200: .*\n {2}drift: salary\*2: .*\n {2}drift: gender-1: /);
  });
});

it('comes at once, or grows with the stream', () => {
  const drift = driftOf(parseDrift(['tenure=72'], TELCO));
  const sourced = { event: { eventId: 'e', customerId: 'c', occurredAt: 0, tenure: 1 }, churned: true };
  const shares = (overEvents: number): number[] => {
    const drifted = createDrifter(drift, overEvents, 1);
    const rows = Array.from({ length: 4000 }, () => drifted(sourced));
    expect(rows.every(({ churned }) => churned === true)).toBe(true);
    return [0, 3000].map(
      (from) => rows.slice(from, from + 1000).filter(({ event }) => event['tenure'] === 72).length / 1000,
    );
  };
  expect(shares(0)).toEqual([1, 1]);
  const [first, last] = shares(4000);
  expect(first).toBeCloseTo(0.125, 1);
  expect(last).toBeCloseTo(0.875, 1);
});
