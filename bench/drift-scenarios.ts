/** Streams that the drift rules are measured on: without drift, with one, and on and off. */
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { Random } from '../schemas/random.ts';
import type { Draw } from './drift-streams.ts';

/** Customers of a stream without drift. */
export interface Calm {
  readonly name: string;
  readonly profileRows: number;
  /** Rows of the score's profile, if not all: those that a challenger was not trained on. */
  readonly scoreRows?: number;
  readonly draw: (random: Random, size: number, events: number) => Draw;
}

const once =
  () =>
  (_: Random, size: number): Draw =>
  (nth, random) => ({ pool: 0, row: random.int(size), customer: nth });

/** Customers with `times` events each, over the whole stream or one after the other. */
const repeating =
  (times: number, inTurn: boolean): Calm['draw'] =>
  (random, size, events) => {
    const customers = Math.ceil(events / times);
    const rows = Array.from({ length: customers }, () => random.int(size));
    const order = Int32Array.from({ length: events }, (_, i) => Math.floor(i / times));
    if (!inTurn) random.shuffle(order);
    return (nth) => ({ pool: 0, row: rows[order[nth]!]!, customer: order[nth]! });
  };

/** One customer sends 1,000 events on end, somewhere. */
const bursting: Calm['draw'] = (random, size, events) => {
  const from = random.int(events - 1000);
  const row = random.int(size);
  return (nth, drawing) =>
    nth >= from && nth < from + 1000
      ? { pool: 0, row, customer: -1 }
      : { pool: 0, row: drawing.int(size), customer: nth };
};

const CHALLENGER = { profileRows: 5000, scoreRows: 1500 };
export const CALM: readonly Calm[] = [
  { name: 'profile of 8,000 rows', profileRows: 8000, draw: once() },
  { name: 'profile of 1,000 rows', profileRows: 1000, draw: once() },
  { name: 'profile of a challenger', ...CHALLENGER, draw: once() },
  { name: 'customers × 20', profileRows: 8000, draw: repeating(20, false) },
  { name: 'customers × 20, in turn', profileRows: 8000, draw: repeating(20, true) },
  { name: 'customers × 100', profileRows: 8000, draw: repeating(100, false) },
  { name: 'customers × 100, in turn', profileRows: 8000, draw: repeating(100, true) },
  { name: 'one bursts 1,000 events', profileRows: 8000, draw: bursting },
  { name: 'one bursts, challenger', ...CHALLENGER, draw: bursting },
  { name: 'customers × 20, 1,000 rows', profileRows: 1000, draw: repeating(20, true) },
];

/** A change of the customers: `share` of the events are changed, all of them at the end of `over` events. */
export interface Shift {
  readonly name: string;
  readonly share: number;
  readonly over: number;
  /** The pools of changed rows, the mildest change first. */
  readonly pools: readonly ((event: CustomerEvent) => CustomerEvent)[];
  /** The feature that moves. */
  readonly feature: string;
  /** Events to the alert at most, the median: what issue and checks ask for. */
  readonly within?: number;
  /** One request within a request window and 5,000 events. */
  readonly sustained?: true;
}

const older = (years: number) => (event: CustomerEvent) => ({
  ...event,
  age: event['age'] === null || event['age'] === undefined ? null : Number(event['age']) + years,
});
const set = (field: string, value: string | number | boolean | null) => (event: CustomerEvent) => ({
  ...event,
  [field]: value,
});
const times = (field: string, factor: number) => (event: CustomerEvent) => ({
  ...event,
  [field]: event[field] === null || event[field] === undefined ? null : Number(event[field]) * factor,
});
const whole = { share: 1, over: 0 };

export const SHIFTS: readonly Shift[] = [
  { name: 'age +2', ...whole, pools: [older(2)], feature: 'age', within: 4500 },
  { name: 'age +3', ...whole, pools: [older(3)], feature: 'age', within: 3500 },
  { name: 'age +5', ...whole, pools: [older(5)], feature: 'age', within: 3000 },
  { name: '10 % turned German', share: 0.1, over: 0, pools: [set('geography', 'Germany')], feature: 'geography', within: 6000 },
  { name: '2 % missing ages', share: 0.02, over: 0, pools: [set('age', null)], feature: 'age', within: 5000 },
  { name: '2 % of a fifth product', share: 0.02, over: 0, pools: [set('numOfProducts', 5)], feature: 'numOfProducts', within: 5000 },
  { name: '30 % turned inactive', share: 0.3, over: 0, pools: [set('isActiveMember', false)], feature: 'isActiveMember' },
  { name: '20 % of a fifth product', share: 0.2, over: 0, pools: [set('numOfProducts', 5)], feature: 'numOfProducts', sustained: true },
  { name: 'age +8', ...whole, pools: [older(8)], feature: 'age', sustained: true },
  { name: '30 % turned German', share: 0.3, over: 0, pools: [set('geography', 'Germany')], feature: 'geography', sustained: true },
  { name: 'balance × 1.5', ...whole, pools: [times('balance', 1.5)], feature: 'balance' },
  { name: 'slowly age +5 over 50,000', share: 1, over: 50_000, pools: Array.from({ length: 21 }, (_, i) => older(i / 4)), feature: 'age', within: 20_000 },
]; // prettier-ignore

/** Events of a stream with a shift from `from` on, until `to`. */
export const drawShift =
  ({ share, over, pools }: Shift, size: number, from: number, to = Infinity): Draw =>
  (nth, random) => {
    const row = random.int(size);
    const isShifted = nth >= from && nth < to && random.next() < share;
    const done = over === 0 ? 1 : Math.min(1, (nth - from) / over);
    const pool = isShifted ? 1 + Math.round(done * (pools.length - 1)) : 0;
    return { pool, row, customer: nth };
  };

/** A shift that is there for `every` events, then not, and so on. */
export const drawFlapping = (shift: Shift, size: number, every: number): Draw => {
  const on = drawShift(shift, size, 0);
  return (nth, random) =>
    Math.floor(nth / every) % 2 === 1 ? on(nth, random) : { pool: 0, row: random.int(size), customer: nth };
};

/** Two halves of the population in turn, as day and night: `order` has the rows of one half before those of the other. */
export const drawHalves =
  (order: readonly number[], every: number): Draw =>
  (nth, random) => {
    const half = Math.floor(order.length / 2);
    const isNight = Math.floor(nth / every) % 2 === 1;
    return { pool: 0, row: order[random.int(half) + (isNight ? half : 0)]!, customer: nth };
  };
