/** The fetching of a member’s partitions, in memory and in virtual time. */
import { expect, test } from 'vitest';
import { KafkaError } from '../errors.ts';
import { setUpFetcher } from './fetcher.fixture.ts';
import { GroupRefusal } from './ports.ts';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const SMALL = { partitionBytes: 1000 };

test('a backlog is handed on in order, set after set, the next one fetched while one is in hand', async () => {
  const { topic, assign, begin, behaviour, inHand, pass, until, seen } = setUpFetcher(2, 1, SMALL);
  topic.append(0, ...range(0, 95));
  topic.append(1, ...range(0, 3));
  const { take } = behaviour;
  behaviour.take = () => undefined;
  assign();
  await pass(50);
  expect(topic.fetches).toEqual([]); // nobody has said where to begin
  begin(0);
  begin(1);
  await pass(50);
  expect(inHand.map(({ partition, records }) => [partition, records.length])).toEqual([[0, 10], [1, 3]]); // prettier-ignore
  // Ahead, what there is more of; the other one was at its end.
  expect(topic.fetches.map(({ partitions }) => partitions)).toEqual([[0, 1], [0]]);
  behaviour.take = take;
  for (const handed of [...inHand]) take(handed);
  await until(() => seen.get(0)?.length === 95);
  expect([seen.get(0), seen.get(1)]).toEqual([range(0, 95), range(0, 3)]);
});

test('what was fetched before a seek is dropped, wherever it is: on its way, waiting or in hand', async () => {
  for (const atMs of [1, 2, 3, 4, 5, 6, 8, 12]) {
    const { topic, assign, begin, behaviour, inHand, pass, fetcher } = setUpFetcher(1, 1, SMALL);
    topic.append(0, ...range(0, 95));
    const firsts: number[] = [];
    behaviour.take = ({ records }) => void firsts.push(records.offsetAt(0));
    assign();
    begin(0, 50);
    await pass(atMs);
    fetcher.pause([0]);
    const before = firsts.length;
    fetcher.seek(0, 7);
    await pass(600);
    expect([atMs, firsts.length]).toEqual([atMs, before]); // paused
    fetcher.resume(0);
    await pass(600);
    // One that is in hand ends first, and moves nothing any more.
    expect(firsts.length).toBe(1);
    for (const { records, delivery, done } of inHand) {
      delivery.resolve(records.offsetAt(records.length - 1));
      done();
    }
    await pass(50);
    expect([atMs, firsts]).toEqual([atMs, before === 0 ? [7, 17] : [50, 7]]);
  }
});

test('a delivery that ends before its last record is fetched again from there, not at once if nothing of it was done', async () => {
  const { topic, assign, begin, behaviour, pass, time } = setUpFetcher(1, 1, SMALL);
  topic.append(0, ...range(0, 30));
  const handed: (readonly [atMs: number, from: number])[] = [];
  behaviour.take = ({ records, delivery, done }) => {
    handed.push([time.now(), records.offsetAt(0)]);
    if (handed.length === 1) delivery.resolve(3);
    if (handed.length === 2) delivery.resolve(13);
    done(handed.length % 2 === 0 ? new GroupRefusal('rebalancing', 'join again') : undefined);
  };
  assign();
  begin(0);
  await pass(500);
  expect(handed.map(([, from]) => from).slice(0, 4)).toEqual([0, 4, 14, 14]);
  expect(handed[2]![0]).toBeLessThan(20);
  expect(handed[3]![0] - handed[2]![0]).toBeGreaterThan(100);
  expect(handed.length).toBeLessThan(9);
}); // prettier-ignore

test('markers and aborted records are skipped, and lag knows', async () => {
  const { topic, assign, begin, pass, seen, lag, inHand } = setUpFetcher(1);
  topic.append(0, 5, 6, -1, -1);
  assign();
  begin(0);
  lag.located(0, 0);
  await pass(100);
  topic.append(0, -1, -1);
  await pass(100);
  expect(topic.fetches.flatMap(({ from }) => from).filter((from) => ![0, 4, 6].includes(from))).toEqual([]);
  lag.ended(new Map([[0, 6]]), 1000);
  expect([seen.get(0), inHand, lag.lags(1000)]).toEqual([
    [0, 1],
    [],
    [{ partition: 0, records: 0, ageMs: 0 }],
  ]);
  topic.append(0, 7);
  await pass(20);
  expect(seen.get(0)).toEqual([0, 1, 6]);
});

test('at rest a broker is asked twice a second, and what comes is handed on at once', async () => {
  const { topic, assign, begin, pass, all, inHand, behaviour, until, time } = setUpFetcher(6, 2);
  behaviour.take = () => undefined;
  assign();
  all.forEach((p) => begin(p));
  await pass(5000);
  topic.fetches.length = 0;
  await pass(10_000);
  expect(topic.fetches.length).toBeLessThanOrEqual(40);
  expect(new Set(topic.fetches.map(({ maxWaitMs }) => maxWaitMs))).toEqual(new Set([500]));
  topic.append(3, 1);
  const appendedMs = time.now();
  await until(() => inHand.length === 1);
  expect(time.now() - appendedMs).toBeLessThanOrEqual(2);
});

test('a partition that comes back does not wait long for those that have nothing', async () => {
  const { topic, assign, begin, pass, all, seen, until, time } = setUpFetcher(6);
  assign();
  begin(0);
  await pass(50);
  all.slice(1).forEach((p) => begin(p)); // armed a little later
  topic.append(4, 1);
  const beganMs = time.now();
  await until(() => seen.get(4)?.length === 1);
  expect(time.now() - beganMs).toBeLessThan(60);
  await pass(3000);
  topic.append(4, 2);
  await until(() => seen.get(4)?.length === 2);
  topic.append(4, 3); // while a fetch of the others waits
  const appendedMs = time.now();
  await until(() => seen.get(4)?.length === 3);
  expect(time.now() - appendedMs).toBeLessThan(30);
  // One that stays away costs some fetches a second, not hundreds.
  topic.fetches.length = 0;
  await pass(1000);
  expect(topic.fetches.length).toBeLessThan(5);
});

test('a leader moves: its partitions are fetched from the new one, and the others go on', async () => {
  const { topic, assign, begin, all, pass, seen, until, time } = setUpFetcher(4, 2);
  assign();
  all.forEach((p) => begin(p));
  await pass(1000);
  topic.leaders[0] = '1';
  topic.lookups = 0;
  all.forEach((p) => topic.append(p, 1));
  const movedMs = time.now();
  await until(() => all.every((p) => seen.get(p)?.length === 1));
  expect(time.now() - movedMs).toBeLessThan(700);
  expect(topic.lookups).toBeLessThan(3);
});

test('a broker is away: tried again with growing waits, the others go on, and it goes on when it is back', async () => {
  const { topic, assign, begin, all, pass, seen, until, time, said, lost } = setUpFetcher(4, 2);
  assign();
  all.forEach((p) => begin(p));
  await pass(100);
  topic.down.add('0');
  await pass(1000);
  topic.fetches.length = 0;
  all.forEach((p) => topic.append(p, 1));
  await pass(30_000);
  expect(topic.fetches.filter(({ leader }) => leader === '0').length).toBeLessThan(20);
  expect([...seen.keys()].sort()).toEqual([1, 3]);
  topic.down.clear();
  const backMs = time.now();
  await until(() => all.every((p) => seen.get(p)?.length === 1));
  expect(time.now() - backMs).toBeLessThan(2500);
  expect([said, lost]).toEqual([[], []]);
});

test('a position that the broker does not have is reported once, and never jumped over', async () => {
  const { topic, assign, begin, pass, said, seen } = setUpFetcher(1);
  topic.append(0, ...range(0, 9));
  topic.low = 5;
  assign();
  begin(0, 3);
  await pass(300);
  expect([said.map(String), seen.size]).toEqual([['Error: 0 is out of range'], 0]);
});

test('a right that is missing is reported at once; a topic or partition that is, when it stays away', async () => {
  const right = setUpFetcher(2);
  right.topic.codes.set(1, 29);
  right.assign();
  right.all.forEach((p) => right.begin(p));
  await right.pass(20);
  expect(right.lost.map(String)).toEqual(['KafkaError: code 29']);

  const missing = setUpFetcher(1);
  missing.assign();
  missing.begin(0);
  missing.topic.codes.set(0, 3);
  await missing.pass(800);
  missing.topic.codes.clear();
  await missing.pass(5000);
  missing.topic.codes.set(0, 3);
  await missing.pass(1000);
  expect(missing.lost).toEqual([]);
  await missing.pass(3000);
  expect(missing.lost[0]).toMatchObject({ kind: 'missing' });

  const gone = setUpFetcher(1);
  gone.assign();
  gone.begin(0);
  await gone.pass(100);
  gone.topic.leaders[0] = 'elsewhere';
  gone.topic.lookupError = new KafkaError('missing', 'no such topic');
  await gone.pass(700);
  expect(gone.lost).toEqual([]);
  await gone.pass(6000);
  expect(gone.lost[0]).toBe(gone.topic.lookupError);
});

test.each([40, 200, 2500])(
  'memory is bounded, and a batch of %s records, larger than its part of it, comes all the same',
  async (batch) => {
    const rules = { partitionBytes: 50_000, totalBytes: 200_000, leastBytes: 500 };
    const { topic, assign, begin, all, until, seen, inHand, time } = setUpFetcher(100, 3, rules);
    topic.batch = batch;
    const [count, bytes] = [Math.max(200, batch), batch * 100];
    all.forEach((p) => topic.append(p, ...range(0, count)));
    assign();
    all.forEach((p) => begin(p));
    let most = 0;
    await until(() => {
      most = Math.max(
        most,
        inHand.reduce((sum, { records }) => sum + records.length * 100, 0),
      );
      return all.every((p) => seen.get(p)?.length === count);
    });
    all.forEach((p) => expect(seen.get(p)).toEqual(range(0, count)));
    expect(most).toBeGreaterThan(100_000);
    expect(most).toBeLessThanOrEqual(200_000 + 3 * bytes);
    expect(Math.max(...topic.fetches.map((asked) => asked.bytes))).toBeLessThanOrEqual(
      Math.max(200_000, bytes),
    );
    expect(time.now()).toBeLessThan(5000);
  },
);

test('of what must be unpacked no more is in hand than memory allows, and one set: none waits for ever', async () => {
  const rules = { partitionBytes: 10_000, totalBytes: 200_000, leastBytes: 500 };
  const { topic, assign, begin, all, until, seen, inHand } = setUpFetcher(40, 1, rules);
  [topic.batch, topic.packing] = [10, 15];
  all.forEach((p) => topic.append(p, ...range(0, 100)));
  assign();
  all.forEach((p) => begin(p));
  let most = 0;
  await until(() => {
    const unpacked = inHand.reduce((sum, { records }) => sum + records.length * 100 * topic.packing, 0);
    most = Math.max(most, unpacked);
    return all.every((p) => seen.get(p)?.length === 100);
  });
  expect(most).toBeGreaterThan(200_000);
  expect(most).toBeLessThanOrEqual(200_000 + 10_000 * topic.packing);
});

test('so many partitions are processed side by side, and none waits for ever', async () => {
  const { topic, assign, begin, all, until, seen, inHand } = setUpFetcher(20, 1, { ...SMALL, concurrent: 3 });
  all.forEach((p) => topic.append(p, ...range(0, 100)));
  assign();
  all.forEach((p) => begin(p));
  let most = 0;
  const firstDone = new Set<number>();
  await until(() => {
    most = Math.max(most, inHand.length);
    for (const p of all) if ((seen.get(p)?.length ?? 0) >= 10) firstDone.add(p);
    expect(firstDone.size === 20 || all.every((p) => (seen.get(p)?.length ?? 0) < 40)).toBe(true);
    return all.every((p) => seen.get(p)?.length === 100);
  });
  expect(most).toBe(3);
});

test('after a halt nothing is handed on; what is in hand ends, and only then it is settled', async () => {
  const { topic, assign, begin, behaviour, inHand, pass, fetcher } = setUpFetcher(2, 1, SMALL);
  topic.append(0, ...range(0, 50));
  topic.append(1, ...range(0, 50));
  let handed = 0;
  behaviour.take = () => (handed += 1);
  assign();
  begin(0);
  begin(1);
  await pass(20);
  fetcher.halt();
  let isSettled = false;
  void fetcher.settled().then(() => (isSettled = true));
  await pass(600);
  inHand[0]!.done();
  await pass(10);
  expect([handed, isSettled]).toEqual([2, false]);
  inHand[0]!.done();
  await pass(600);
  expect([handed, isSettled]).toEqual([2, true]);
  assign();
  await pass(600);
  expect(handed).toBe(2);
  begin(1, 20);
  await pass(20);
  expect(inHand.map(({ partition, records }) => [partition, records.offsetAt(0)])).toEqual([[1, 20]]);
});
