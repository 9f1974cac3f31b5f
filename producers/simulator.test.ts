import { describe, expect, it } from 'vitest';
import { BANK_READER } from '../schemas/customer/bank.fixture.ts';
import { isPoison } from '../schemas/event.ts';
import { createSimulator, type BankEvent, type SimulatedCustomer } from './simulator.ts';

const draw = (n: number, seed = 1): SimulatedCustomer[] => {
  const next = createSimulator({ seed, startMs: 1_764_000_000_000, stepMs: 10, idPrefix: 'e-' });
  return Array.from({ length: n }, next);
};
const customers = draw(20_000);
const events = customers.map(({ event }) => event);

const share = (has: (event: BankEvent) => boolean): number => events.filter(has).length / events.length;
function churnRate(has: (event: BankEvent) => boolean): number {
  const group = customers.filter(({ event }) => has(event));
  return group.filter(({ churned }) => churned).length / group.length;
}
const near = (value: number, wanted: number, within: number): void => {
  expect(Math.abs(value - wanted), `${String(value)} against ${String(wanted)}`).toBeLessThan(within);
};

describe('createSimulator', () => {
  it('gives the same customers for the same seed', () => {
    expect(draw(100)).toEqual(customers.slice(0, 100));
    expect(draw(100, 2)).not.toEqual(customers.slice(0, 100));
  });

  it('gives events that the scorer accepts as they are, in time', () => {
    for (const event of events) {
      const read = BANK_READER.read(event);
      expect(isPoison(read)).toBe(false);
      expect(read).toEqual(event);
    }
    expect([events[0]!.occurredAt, events[7]!.occurredAt]).toEqual([1_764_000_000_000, 1_764_000_000_070]);
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
  });

  it('has the shares of the bank', () => {
    near(
      share(({ geography }) => geography === 'France'),
      0.5,
      0.02,
    );
    near(
      share(({ geography }) => geography === 'Germany'),
      0.25,
      0.02,
    );
    near(
      share(({ gender }) => gender === 'Male'),
      0.546,
      0.02,
    );
    near(
      share(({ tenure }) => tenure === null),
      0.091,
      0.01,
    );
    near(
      share(({ balance }) => balance === 0),
      0.362,
      0.02,
    );
    expect(events.some(({ geography, balance }) => geography === 'Germany' && balance === 0)).toBe(false);
    near(
      share(({ numOfProducts }) => numOfProducts === 1),
      0.508,
      0.02,
    );
    const ages = events.map(({ age }) => age!);
    near(ages.reduce((a, b) => a + b) / ages.length, 38.9, 0.8);
    expect([Math.min(...ages) >= 18, Math.max(...ages) <= 92]).toEqual([true, true]);
  });

  it('leaves at the rates of the bank', () => {
    near(
      churnRate(() => true),
      0.204,
      0.015,
    );
    near(
      churnRate(({ geography }) => geography === 'Germany'),
      0.324,
      0.04,
    );
    near(
      churnRate(({ gender }) => gender === 'Female'),
      0.251,
      0.03,
    );
    near(
      churnRate(({ isActiveMember }) => isActiveMember!),
      0.143,
      0.03,
    );
    near(
      churnRate(({ numOfProducts }) => numOfProducts === 1),
      0.277,
      0.03,
    );
    near(
      churnRate(({ numOfProducts }) => numOfProducts === 2),
      0.076,
      0.03,
    );
    expect(churnRate(({ numOfProducts }) => numOfProducts! > 2)).toBeGreaterThan(0.75);
    near(
      churnRate(({ age }) => age! >= 50 && age! < 60),
      0.56,
      0.07,
    );
    expect(churnRate(({ age }) => age! < 35)).toBeLessThan(0.12);
  });
});
