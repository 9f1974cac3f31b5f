import { listOf } from '../schemas/record-frames.ts';
import { recordsOf } from '../schemas/records.ts';
import { expect, test } from 'vitest';
import { profileNumbers } from '../drift/bins.ts';
import { RULE } from '../drift/rule.fixture.ts';
import type { Manifest } from '../models/manifest.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { DriftCounts, DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import { checkOwn, parseOwn } from '../schemas/own.ts';
import type { Batch, Decision, SourceRecord } from '../schemas/ports.ts';
import { againMark } from './counts-origin.ts';
import { createMonitor, type MonitorPorts } from './monitor.ts';

const training = profileNumbers('age', [...Array(1000).keys()]);
const manifest = {
  version: 'v1',
  sha256: 'm',
  profile: { rows: 1000, features: [training], score: { ...training, name: 'score' } },
} as unknown as Manifest;
const even = [...new Array<number>(10).fill(10), 0, 0, 0];
const shifted = [...new Array<number>(5).fill(0), ...new Array<number>(5).fill(20), 0, 0, 0];

const record = (counts: readonly number[], nth = 0): DriftCounts => ({
  modelSha256: 'm', activation: -1, sourceTopic: 't', sourcePartition: 0, firstOffset: nth * 100, lastOffset: nth * 100 + 99, maxTimestamp: 5, events: 100,
  series: [{ name: 'age', counts, contributionSum: 0 }, { name: 'score', counts: even, contributionSum: 0 }], customers: [],
}); // prettier-ignore

function ports(lastVerdict: DriftVerdict | undefined, knows = true): MonitorPorts {
  return {
    rule: { ...RULE, minEvents: 1000 },
    decodeCounts: async ({ value }) => {
      await Promise.resolve();
      if (value === null) throw new BankChurnError('RECORD_EMPTY', 'null');
      return checkOwn('DriftCounts', parseOwn(value)) as DriftCounts;
    },
    encodeVerdict: (verdict) => ({ value: JSON.stringify(verdict) }),
    encodeRequest: (request) => ({ value: JSON.stringify(request) }),
    findVerdict: (isWanted) =>
      Promise.resolve(lastVerdict !== undefined && isWanted(lastVerdict) ? lastVerdict : undefined),
    manifestOf: () =>
      knows ? Promise.resolve(manifest) : Promise.reject(new BankChurnError('MODEL_UNAVAILABLE', 'unknown')),
    refusedAt: () => undefined,
    topics: { driftVerdicts: 'verdicts', retrainEvents: 'retrain' },
    mayOverlap: false,
    onVerdict: () => undefined,
    onSkipped: () => undefined,
  };
}

const alone = (): Promise<void> => Promise.resolve();
const batch = (from: number, records: readonly DriftCounts[]): Batch => ({
  topic: 'drift-counts',
  partition: 0,
  records: recordsOf(
    records.map((counts, i) => ({
      offset: from + i,
      timestampMs: 0,
      key: null,
      value: Buffer.from(JSON.stringify(counts)),
      headers: {},
    })),
  ),
});
const emitted = <T>({ emit }: Decision, topic: string): T[] =>
  emit
    .filter((emission) => emission.topic === topic)
    .flatMap(({ records }) => listOf(records).map(({ value }) => JSON.parse(String(value)) as T));

const stream = Array.from({ length: 52 }, (_, nth) => record(nth < 12 ? even : shifted, nth));

test('nothing is committed before a pane closes, and then only up to its last record', async () => {
  const role = await createMonitor(ports(undefined))(0, 0);
  expect(await role(batch(0, stream.slice(0, 4)), alone)).toMatchObject({ emit: [], commit: undefined });
  const decision = await role(batch(4, stream.slice(4, 8)), alone);
  expect(decision.commit).toBe(5);
  expect(emitted<DriftVerdict>(decision, 'verdicts')).toMatchObject([
    { firstCountsOffset: 0, lastCountsOffset: 4, events: 500, drifted: false },
  ]);
});

test('a crash after any batch: verdicts and the one request are the same', async () => {
  const whole = await (await createMonitor(ports(undefined))(0, 0))(batch(0, stream), alone);
  const expected = emitted<DriftVerdict>(whole, 'verdicts');
  expect(emitted<RetrainRequested>(whole, 'retrain')).toHaveLength(1);
  expect(emitted<RetrainRequested>(whole, 'retrain')[0]).toMatchObject({
    requestId: 'm/-1/29',
    modelVersion: 'v1',
    requestedAt: 5,
  });
  for (const size of [1, 3, 7]) {
    let committed = 0;
    const verdicts: DriftVerdict[] = [];
    const requests: RetrainRequested[] = [];
    for (let lives = 0; lives < 60 && committed < 50; lives++) {
      const role = await createMonitor(ports(verdicts[verdicts.length - 1]))(0, committed);
      for (let from = committed; from < stream.length; from += size) {
        const decision = await role(batch(from, stream.slice(from, from + size)), alone);
        if (decision.commit === undefined) continue;
        committed = decision.commit;
        verdicts.push(...emitted<DriftVerdict>(decision, 'verdicts'));
        requests.push(...emitted<RetrainRequested>(decision, 'retrain'));
        break; // killed right after the commit
      }
    }
    expect(verdicts).toEqual(expected);
    expect(requests).toHaveLength(1);
  }
});

test('an unknown model makes the monitor wait; a group set elsewhere begins anew', async () => {
  const role = await createMonitor(ports(undefined, false))(0, 0);
  await expect(role(batch(0, stream), alone)).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  const first = emitted<DriftVerdict>(
    await (
      await createMonitor(ports(undefined))(0, 0)
    )(batch(0, stream), alone),
    'verdicts',
  );
  const elsewhere = await createMonitor(ports(first[first.length - 1]))(0, 20);
  const [verdict] = emitted<DriftVerdict>(
    await elsewhere(batch(20, stream.slice(20, 25)), alone),
    'verdicts',
  );
  expect(verdict).toMatchObject({ firstCountsOffset: 20, events: 500 });
});

/** Decides about records in one batch, with what was skipped and the outcomes. */
async function decideRaw(values: readonly Partial<SourceRecord>[], given: MonitorPorts) {
  const skipped: [number | undefined, string][] = [];
  const onSkipped: MonitorPorts['onSkipped'] = (offset, { code }) => void skipped.push([offset, code]);
  const role = await createMonitor({ ...given, onSkipped })(0, 0);
  const records = values.map((value, offset) => ({
    ...{ offset, timestampMs: 0, key: null, value: null, headers: {} },
    ...value,
  }));
  const decision = await role({ topic: 'drift-counts', partition: 0, records: recordsOf(records) }, alone);
  return { decision, skipped, outcomes: Object.fromEntries(decision.outcomes) };
}
const json = (value: unknown): { value: Buffer } => ({ value: Buffer.from(JSON.stringify(value)) });
const good = (nth: number): { value: Buffer } => json(record(even, nth));

test('garbage between the counts is skipped and changes no verdict', async () => {
  const clean = await decideRaw([0, 1, 2, 3, 4].map(good), ports(undefined));
  const mixed = await decideRaw(
    [
      good(0), { value: Buffer.from([0, 1, 2]) }, { value: null }, json({ a: 1 }), good(1),
      json({ ...record(even, 9), events: 99 }), json({ ...record(even, 9), activation: 1e15 }), good(2),
      json({ ...record(even, 9), series: [] }), json({ ...record(even, 9), lastOffset: 10 }), good(3), good(4),
    ],
    {
      ...ports(undefined),
      manifestOf: (activation) =>
        activation === -1 ? Promise.resolve(manifest) : Promise.reject(new BankChurnError('RECORD_INVALID', 'none')),
    },
  ); // prettier-ignore
  expect(mixed.skipped).toEqual([
    [1, 'RECORD_UNDECODABLE'], [2, 'RECORD_EMPTY'], [3, 'RECORD_INVALID'], [5, 'RECORD_INVALID'],
    [6, 'RECORD_INVALID'], [8, 'RECORD_INVALID'], [9, 'RECORD_INVALID'],
  ]); // prettier-ignore
  expect(mixed.outcomes).toEqual({ counted: 5, skipped: 7 });
  const [before] = emitted<DriftVerdict>(clean.decision, 'verdicts');
  const [after] = emitted<DriftVerdict>(mixed.decision, 'verdicts');
  expect(after?.psi).toEqual(before?.psi);
  expect([before?.events, after?.events, mixed.decision.commit]).toEqual([500, 500, 12]);
});

test('events that count twice end the monitor, also where the first time was before a restart', async () => {
  const twice = decideRaw([good(0), good(1), good(1)], ports(undefined));
  await expect(twice).rejects.toMatchObject({ code: 'COUNTS_OVERLAP', action: 'fatal' });
  await expect(twice).rejects.toThrow(
    /offset 2 are of t\/0 100\.\.199, which are counted up to 199 .*--role monitor/,
  );
  const [verdict] = emitted<DriftVerdict>(
    (await decideRaw([0, 1, 2, 3, 4].map(good), ports(undefined))).decision,
    'verdicts',
  );
  const restarted = await createMonitor(ports(verdict))(0, 5);
  await expect(restarted(batch(5, [record(even, 4)]), alone)).rejects.toMatchObject({
    code: 'COUNTS_OVERLAP',
  });
  const again = await createMonitor(ports(verdict))(0, 5);
  await again(batch(5, [record(even, 5)]), alone);
  // The group set to another place on purpose: the monitor begins anew.
  const elsewhere = await createMonitor(ports(verdict))(0, 0);
  await elsewhere(batch(0, [record(even, 0)]), alone);
});

test('what is no second counting: other partitions, groups, topics of that name, activations; at-least-once', async () => {
  const of = (more: Partial<DriftCounts>, headers = {}): Partial<SourceRecord> => ({
    ...json({ ...record(even), ...more }),
    headers,
  });
  const fine = await decideRaw(
    [
      of({}), of({ sourcePartition: 1 }), of({}, { 'source-group': 'other' }),
      of({}, { 'source-topic-id': 'anew' }), of({ activation: 7 }),
    ],
    ports(undefined),
  ); // prettier-ignore
  expect(fine.outcomes).toEqual({ counted: 5 });
  const repeated = await decideRaw([good(0), good(0)], { ...ports(undefined), mayOverlap: true });
  expect(repeated.outcomes).toEqual({ counted: 1, overlapping: 1 });
});

test('an operator’s word that a partition is scored again lets its counts come twice', async () => {
  const where = { topic: 't', partition: 0, topicId: undefined };
  const mark = againMark('scorers', where) as unknown as SourceRecord;
  const headers = { 'source-group': 'scorers' };
  const said = [
    { ...good(0), headers },
    { ...good(1), headers },
    { headers: mark.headers },
    { ...good(0), headers },
  ];
  const once = await decideRaw(said, ports(undefined));
  expect([once.outcomes, once.skipped]).toEqual([{ counted: 3, 'scored again': 1 }, []]);
  await expect(decideRaw([...said, { ...good(0), headers }], ports(undefined))).rejects.toThrow('twice');
  const other = againMark('scorers', { ...where, partition: 1 }) as unknown as SourceRecord;
  await expect(decideRaw([said[0]!, other, said[3]!], ports(undefined))).rejects.toThrow('twice');
});

test('a verdict whose state is no use: skipped, and the monitor begins anew', async () => {
  const whole = await decideRaw([0, 1, 2, 3, 4].map(good), ports(undefined));
  const [verdict] = emitted<DriftVerdict>(whole.decision, 'verdicts');
  const state = JSON.parse(verdict!.state) as { panes: { counts: number[][] }[] };
  const unlike = structuredClone(state);
  unlike.panes[0]!.counts[0]!.push(0);
  for (const text of [
    '',
    'null',
    '{}',
    '{"panes":[{}]}',
    JSON.stringify({ ...state, activation: 1e15 }),
    JSON.stringify(unlike),
  ]) {
    let skipped = 0;
    const given = { ...ports({ ...verdict!, state: text }), onSkipped: () => void (skipped += 1) };
    const role = await createMonitor(given)(0, 5);
    const decision = await role(
      batch(
        5,
        [5, 6, 7, 8, 9].map((nth) => record(even, nth)),
      ),
      alone,
    );
    expect([skipped, emitted<DriftVerdict>(decision, 'verdicts')[0]?.events]).toEqual([1, 500]);
  }
});
