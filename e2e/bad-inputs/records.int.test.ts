/** Odd records, batches, headers, schemas and registry answers, each between good events: what comes back, from a real service. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openLab, type RecordLab, type Written } from './lab.ts';
import { scored, type Back, type RecordCase } from './record-case.ts';
import { RECORD_SECTIONS } from './records.ts';
import type { Output } from './site.ts';

const CASES = Object.values(RECORD_SECTIONS).flat();
/** A good event is scored within this time, whatever lies beside it. */
const IN_TIME_MS = 10_000;
/** Longer than one wait for the registry. */
const WAITING_MS = 3000;
const MOST_MIB = 400;

let lab: RecordLab;
const ends: (() => void | Promise<void>)[] = [];
beforeAll(async () => {
  lab = await openLab((end) => void ends.unshift(end));
  for (const site of lab.sites) await vi.waitFor(async () => expect(await site.health()).toBe(200), 60_000);
}, 180_000);
afterAll(async () => {
  for (const end of ends) await end();
});

/** Offsets that nothing is due for, and those that a dead letter of a whole batch stands for: `site:partition/offset`. */
const without = new Set<string>();
let slowestMs = 0;

async function until(isDone: () => boolean, from: number, what: string): Promise<void> {
  while (!isDone()) {
    if (performance.now() - from > IN_TIME_MS) throw new Error(`not in ${String(IN_TIME_MS)} ms: ${what}`);
    await sleep(10);
  }
}

/** The scores of good events; waits for them. */
async function scoresOf(
  { site }: Pick<Written, 'site'>,
  places: readonly (readonly [partition: number, offset: number])[],
  from: number,
): Promise<readonly Output[]> {
  await until(
    () => places.every((place) => site.outputs(...place).length > 0),
    from,
    'scores of good events',
  );
  const found = places.map((place) => site.outputs(...place)[0]!);
  expect(found.map(({ kind }) => kind)).toEqual(found.map(() => 'score'));
  slowestMs = Math.max(slowestMs, ...found.map(({ seenAt }) => seenAt - from));
  return found;
}

const CLEAN = scored() as ScoreBack;
const goodsOf = ({ partition, goods }: Written) => goods.map((offset) => [partition, offset] as const);

/** The one output at an odd offset; waits for it. */
async function outputAt({ site, partition }: Written, offset: number, from: number): Promise<Output> {
  await until(() => site.outputs(partition, offset).length > 0, from, `an output for ${String(offset)}`);
  const found = site.outputs(partition, offset);
  expect(found).toHaveLength(1);
  return found[0]!;
}

type ScoreBack = Extract<Back, { is: 'scored' }>;

async function expectScore(written: Written, offset: number, back: ScoreBack, from: number): Promise<void> {
  const output = await outputAt(written, offset, from);
  expect([output.kind, output.record.headers]).toEqual(['score', expect.not.objectContaining({ traceparent: expect.anything() as unknown })]);
  const neighbour = written.site.outputs(written.partition, written.goods[0]!)[0]!;
  const [score, clean] = await Promise.all([output, neighbour].map(({ record }) => lab.decode(record.value!)));
  expect(score!.occurredAt).toBe(back.occurredAt);
  if (back.hasOtherValues) expect(score!.churnProbability).not.toBe(clean!.churnProbability);
  else expect(score!.churnProbability).toBe(clean!.churnProbability);
} // prettier-ignore

type LetterBack = Extract<Back, { is: 'dead letter' }>;

async function expectLetters(written: Written, back: LetterBack, from: number): Promise<void> {
  const { odd, record, batch } = written;
  if (back.isBatch) for (const offset of odd.slice(0, -1)) without.add(placeOf(written, offset));
  for (const offset of back.isBatch ? odd.slice(-1) : odd) {
    const { kind, record: letter } = await outputAt(written, offset, from);
    const header = (name: string): string | undefined => letter.headers[name]?.toString();
    expect([kind, header('error-code')]).toEqual(['dead letter', back.code]);
    if (back.message !== undefined) expect(header('error-message')).toBe(back.message);
    if (back.isBatch) expect(differenceOf(letter.value!, batch!)).toBe('none');
    else expectLetterOf(record, letter, back);
  }
}

/** Where two buffers differ first, and how long they are. */
function differenceOf(one: Buffer, other: Buffer): string {
  if (one.equals(other)) return 'none';
  const at = one.findIndex((byte, i) => byte !== other[i]);
  const around = [one, other].map((bytes) => bytes.subarray(Math.max(0, at - 8), at + 16).toString('hex'));
  return `at ${String(at)}: ${around.join(' and ')}; ${String(one.length)} and ${String(other.length)} bytes`;
}

const bytesOf = (value: Buffer | string | null | undefined): Buffer | null =>
  value == null ? null : Buffer.from(value);

/** The record's own bytes and headers, or their beginning with what the whole was. */
function expectLetterOf({ key, value, headers = {} }: Written['record'], letter: Output['record'], back: LetterBack): void {
  const whole = bytesOf(value);
  const header = (name: string): string | undefined => letter.headers[name]?.toString();
  if (!back.isCut) {
    expect([isSame(letter.key, bytesOf(key)), isSame(letter.value, whole)]).toEqual([true, true]);
    expect(header('dead-letter-cut')).toBeUndefined();
    // Of a record with more headers than are read, none is kept.
    if (back.code !== 'RECORD_TOO_LARGE')
      for (const name of Object.keys(headers).filter((each) => !isOurs(each)))
        expect([name, valuesOf(letter.headers[name])]).toEqual([name, valuesOf(headers[name])]);
    return;
  }
  const sha256 = createHash('sha256').update(whole!).digest('hex');
  expect([header('dead-letter-cut'), header('original-size'), header('original-sha256')]).toEqual(['true', String(whole!.length), sha256]);
  expect([letter.value!.length > 0, whole!.subarray(0, letter.value!.length).equals(letter.value!)]).toEqual([true, true]);
} // prettier-ignore
const isOurs = (name: string): boolean => /^(source|original|dead-letter|error)-/.test(name);
const isSame = (one: Buffer | null, other: Buffer | null): boolean => one === other || (one !== null && other !== null && one.equals(other)); // prettier-ignore
/** Of a header; null comes back as no bytes. */
const valuesOf = (given: unknown): string[] =>
  [given].flat().map((value) => (value as Buffer | string | null)?.toString() ?? '');

const placeOf = ({ site, partition }: Written, offset: number): string =>
  `${String(lab.sites.indexOf(site))}:${String(partition)}/${String(offset)}`;

/** While the registry is away: nothing of the partition comes, everything else does. */
async function expectWaiting(written: Written): Promise<void> {
  const { site, partition, goods, odd } = written;
  const elsewhere = await lab.writeElsewhere(written);
  await scoresOf(written, elsewhere.goods, elsewhere.sentAt);
  await sleep(WAITING_MS - (performance.now() - written.sentAt));
  expect([...goods, ...odd].flatMap((offset) => site.outputs(partition, offset))).toEqual([]);
  expect(await site.health()).toBe(503);
}

async function tryCase({ back, ...one }: RecordCase): Promise<void> {
  const written = await lab.write({ back, ...one });
  expect(written.errorCode).toBe(back.is === 'refused by the broker' ? back.errorCode : 0);
  let from = written.sentAt;
  if (back.is === 'waits') {
    await expectWaiting(written);
    lab.mend();
    from = performance.now();
  }
  await scoresOf(written, goodsOf(written), from);
  if (back.is === 'dead letter') await expectLetters(written, back, from);
  if (back.is === 'ignored') for (const offset of written.odd) without.add(placeOf(written, offset));
  if (back.is === 'scored' || back.is === 'waits')
    for (const offset of written.odd)
      await expectScore(written, offset, back.is === 'waits' ? CLEAN : back, from);
}

test.each(CASES.map((one) => [`${one.kind}: ${one.input}`, one] as const))(
  '%s',
  { timeout: 60_000 },
  (_, one) => tryCase(one),
);

test('afterwards: each event has one output, all is committed and counted, and the service was never restarted', async () => {
  for (const [index, site] of lab.sites.entries()) {
    const ends = await site.ends();
    const tally = { score: 0, 'dead letter': 0, none: 0 };
    const wrong: string[] = [];
    for (const [partition, { end, committed }] of ends.entries()) {
      expect([partition, committed ?? 0]).toEqual([partition, end]);
      for (let offset = 0; offset < end; offset++) {
        const outputs = site.outputs(partition, offset);
        const isDue = !without.has(`${String(index)}:${String(partition)}/${String(offset)}`);
        if (outputs.length !== (isDue ? 1 : 0))
          wrong.push(`${String(partition)}/${String(offset)}: ${String(outputs.length)}`);
        tally[outputs[0]?.kind ?? 'none'] += 1;
      }
    }
    expect(wrong).toEqual([]);
    const counted = (result: string) => site.counted(`churn_events_total{result="${result}"}`);
    expect([await counted('scored'), await counted('dead_letter')]).toEqual([tally.score, tally['dead letter']]);
    expect([site.isGone(), await site.health()]).toEqual([false, 200]);
    expect(await site.counted('churn_dead_letters_total{code="PROCESSING_FAILED"}')).toBe(0);
  }
  expect(await lab.sites[0]!.counted('churn_unknown_fields_total{field="tenuer"}')).toBe(1);
  const peaks = lab.sites.map((site) => Math.round(site.peakMib()));
  console.log(`${String(CASES.length)} odd inputs: slowest good event ${String(Math.round(slowestMs))} ms, peak ${peaks.join(' and ')} MiB`);
  expect(Math.max(...peaks)).toBeLessThanOrEqual(MOST_MIB);
}); // prettier-ignore
