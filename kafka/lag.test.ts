import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addSample, type EndSamples } from './end-samples.ts';
import { createLagTracker, datedOf, type LagTracker } from './lag.ts';

const at = (offset: number, timestampMs: number) => ({ offset, timestampMs });

/** A tracker of partition 0 that goes on at 10. */
function open(next = 10): { lag: LagTracker; end: (end: number, nowMs: number) => void } {
  const lag = createLagTracker();
  lag.assigned([0]);
  lag.located(0, next);
  return { lag, end: (end, nowMs) => lag.ended(new Map([[0, end]]), nowMs) };
}

test('what nobody fetches waits from the position to the end of the partition, since it was appended', () => {
  const { lag, end } = open();
  end(10, 1000);
  expect(lag.lags(1100)).toEqual([{ partition: 0, records: 0, ageMs: 0 }]);
  end(10, 2000);
  end(610, 3000);
  expect(lag.lags(3000)).toEqual([{ partition: 0, records: 600, ageMs: 500 }]);
  expect(lag.lags(23_000)).toEqual([{ partition: 0, records: 600, ageMs: 20_500 }]);
});

test('a time in the future is no age; a time that is known counts to the millisecond', () => {
  const { lag, end } = open();
  end(12, 1000);
  lag.fetched(0, 10, datedOf([at(10, 900), at(11, 99_000)]), 12);
  expect(lag.lags(1000)).toEqual([{ partition: 0, records: 2, ageMs: 100 }]);
  lag.processed(0, 11, at(10, 900), at(11, 99_000));
  expect(lag.lags(1000)).toEqual([{ partition: 0, records: 1, ageMs: 0 }]);
});

test('nothing is said of a partition before its position and its end are known, nor after it is revoked', () => {
  const { lag, end } = open();
  expect(lag.lags(0)).toEqual([]);
  end(12, 1000);
  lag.assigned([0, 1]);
  lag.ended(new Map([[1, 5]]), 1000); // prettier-ignore
  expect([lag.unlocated(), lag.lags(1000)]).toEqual([[1], [{ partition: 0, records: 2, ageMs: 0 }]]);
  lag.located(1, 4);
  lag.assigned([1]);
  lag.processed(0, 12);
  expect(lag.lags(1000)).toEqual([{ partition: 1, records: 1, ageMs: 0 }]);
});

test('a position that goes back behind fetched markers is not behind them again', () => {
  const { lag, end } = open();
  end(13, 1000);
  lag.fetched(0, 10, datedOf([at(10, 900)]), 12);
  lag.processed(0, 12, at(10, 900));
  lag.fetched(0, 12, datedOf([]), 13);
  lag.processed(0, 13);
  lag.located(0, 11); // as committed
  expect(lag.lags(1000)).toEqual([{ partition: 0, records: 0, ageMs: 0 }]);
  lag.located(0, 10);
  expect(lag.lags(1000)[0]?.records).toBe(3);
});

test('somebody has to look where something waits for a second look, until its time is known', () => {
  const { lag, end } = open();
  end(12, 1000);
  expect(lag.unclear()).toEqual([]);
  expect(lag.unclear()).toEqual([{ partition: 0, from: 10 }]);
  lag.glimpsed(0, 10, 400);
  expect(lag.lags(1000)[0]?.ageMs).toBe(600);
  expect(lag.unclear()).toEqual([{ partition: 0, from: 10 }]); // it may be aborted
  lag.fetched(0, 10, datedOf([at(11, 500)]), 12);
  expect(lag.lags(1000)).toEqual([{ partition: 0, records: 1, ageMs: 500 }]);
  lag.unclear();
  expect(lag.unclear()).toEqual([]);
});

test('a partition of which nothing is processed for hours takes little memory, and it is still known since when', () => {
  let samples: EndSamples = [];
  const { lag, end } = open();
  end(10, 0);
  for (let i = 1; i < 10_000; i++) {
    end(10 + i, i * 1000);
    samples = addSample(samples, i, i * 1000, 0);
    expect(samples.length).toBeLessThanOrEqual(128);
  }
  const [{ records, ageMs } = { records: 0, ageMs: 0 }] = lag.lags(10_000_000);
  expect([records, Math.abs(ageMs - 10_000_000) <= 1000]).toEqual([9999, true]);
});

/** A partition, a consumer and the timer, in memory. */
type Entry = { readonly txn: number | undefined; readonly ms: number; isMarker: boolean; isAborted: boolean };
const TICK_MS = 1000;

class Model {
  readonly log: Entry[] = [];
  readonly openTxns = new Map<number, number>();
  readonly lag = createLagTracker();
  nowMs = 0;
  next = 0;
  committed = 0;
  seen = 0;
  hand: number[] = [];
  handEnd = 0;
  lastWait: number | undefined;

  constructor() {
    this.lag.assigned([0]);
    this.lag.located(0, 0);
  }
  append(count: number, txn: number | undefined): void {
    if (txn !== undefined && !this.openTxns.has(txn)) this.openTxns.set(txn, this.log.length);
    for (let i = 0; i < count; i++) this.log.push({ txn, ms: this.nowMs, isMarker: false, isAborted: false });
  }
  end(txn: number, isAbort: boolean): void {
    const from = this.openTxns.get(txn);
    if (from === undefined) return;
    for (const entry of this.log.slice(from)) if (entry.txn === txn && isAbort) entry.isAborted = true;
    this.openTxns.delete(txn);
    this.log.push({ txn: undefined, ms: this.nowMs, isMarker: true, isAborted: false });
  }
  stable = (): number => Math.min(this.log.length, ...this.openTxns.values());
  isRecord = (offset: number): boolean => !this.log[offset]!.isMarker && !this.log[offset]!.isAborted;
  records = (from: number, to: number): number[] =>
    Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i).filter(this.isRecord);
  dated = (offset: number) => at(offset, this.log[offset]!.ms);

  /** What a fetch of committed records brings. */
  look(from: number, size: number): { to: number; found: number[] } {
    const to = Math.max(from, Math.min(this.stable(), from + size));
    this.seen = Math.max(this.seen, to);
    return { to, found: this.records(from, to) };
  }
  fetch(size: number): void {
    if (this.hand.length > 0) return;
    const { to, found } = this.look(this.next, size);
    if (to === this.next) return;
    this.lag.fetched(0, this.next, datedOf(found.map(this.dated)), to);
    [this.hand, this.handEnd] = [found, to];
    if (found.length > 0) return;
    this.next = to;
    this.lag.processed(0, to);
  }
  process(count: number): void {
    const done = this.hand.slice(0, count);
    const last = done[done.length - 1];
    if (last === undefined) return;
    this.hand = this.hand.slice(count);
    this.committed = last + 1;
    this.next = this.hand.length === 0 ? this.handEnd : last + 1;
    const following = this.hand[0] === undefined ? undefined : this.dated(this.hand[0]);
    this.lag.processed(0, this.next, this.dated(last), following);
  }
  rearm(): void {
    this.hand = [];
    this.next = this.committed;
    this.lag.located(0, this.next);
  }
  tick(): void {
    this.nowMs += TICK_MS;
    this.lag.ended(new Map([[0, this.log.length]]), this.nowMs);
    const unclear = this.lag.unclear();
    let isGlimpsed = false;
    for (const { from } of unclear) {
      const { to, found } = this.look(from, 5);
      if (to > from) this.lag.fetched(0, from, datedOf(found.map(this.dated)), to);
      else this.lag.glimpsed(0, from, this.log[from]!.ms);
      isGlimpsed = to === from;
    }
    this.check(isGlimpsed);
  }
  check(isGlimpsed: boolean): void {
    const end = this.log.length;
    const from = Math.max(this.next, this.seen);
    const expected = this.records(this.next, from).length + end - from;
    const [lag] = this.lag.lags(this.nowMs);
    expect(lag?.records).toBe(expected);
    const oldest = [...this.records(this.next, from), from][0]!;
    if (expected === 0) expect(lag?.ageMs).toBe(0);
    else {
      // Of what was not looked at the time of appending is known to the time between two ticks.
      const errorMs = Math.abs(lag!.ageMs - (this.nowMs - this.log[oldest]!.ms));
      expect(errorMs).toBeLessThanOrEqual(isGlimpsed || this.hand.includes(oldest) ? 0 : TICK_MS / 2);
    }
  }
}

const smallInt = (max: number) => fc.integer({ min: 1, max });
const txn = fc.integer({ min: 0, max: 2 });
const operation = fc.oneof(
  fc.tuple(smallInt(6), fc.option(txn, { nil: undefined })).map(
    ([n, t]) =>
      (m: Model) =>
        m.append(n, t),
  ),
  fc.tuple(txn, fc.boolean()).map(
    ([t, isAbort]) =>
      (m: Model) =>
        m.end(t, isAbort),
  ),
  smallInt(10).map((n) => (m: Model) => m.fetch(n)),
  smallInt(5).map((n) => (m: Model) => m.process(n)),
  fc.constant((m: Model) => m.rearm()),
  fc.constant((m: Model) => m.tick()),
  fc.constant((m: Model) => m.tick()),
);

test('whatever is written, fetched, processed, given up and looked at: records to the one, age to the tick', () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 80 }), (operations) => {
      const model = new Model();
      model.tick();
      for (const operate of operations) operate(model);
      for (let i = 0; i < 10; i++) {
        model.tick();
        model.fetch(100);
        model.process(100);
      }
      if (model.openTxns.size === 0) expect(model.lag.lags(model.nowMs)[0]?.records).toBe(0);
    }),
    { numRuns: 1000 },
  );
});
