/** The scorer's decisions in memory, with the shipped model: bytes in, records out. */
import { listOf } from '../schemas/record-frames.ts';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { BANK_READER } from '../schemas/customer/bank.fixture.ts';
import { createEventDecoder } from '../schemas/decoder.ts';
import type { ChurnScore, DriftCounts } from '../schemas/generated.ts';
import type { Batch, Decision, OutputRecord, RecordHeaders, SourceRecord } from '../schemas/ports.ts';
import { recordsOf } from '../schemas/records.ts';
import { loadModel } from '../scoring/load-model.io.ts';
import type { Model } from '../scoring/model.ts';
import { deadLetter } from './dead-letter.ts';
import { originOf } from './output-origin.ts';
import { recordBytes } from './split-emission.ts';
import { jsonScores } from '../scoring/score-json.ts';
import { createScorer, rejectEvent, type ScorerPorts } from './scorer.ts';

const model = await loadModel('models/champion');

function scorer(more: Partial<ScorerPorts> = {}) {
  const role = createScorer({
    model: () => ({ model, activation: 7 }),
    decoder: () => createEventDecoder({ reader: BANK_READER, maxRecordBytes: 1000, findWriter: undefined }),
    scoreFormat: jsonScores,
    encodeCounts: (counts) => ({ value: JSON.stringify(counts) }),
    group: 'g',
    topics: { churnScores: 'scores', deadLetters: 'letters', driftCounts: 'counts' },
    tombstones: 'ignore',
    maxLetterBytes: () => 100_000,
    maxSendBytes: () => 700_000,
    contentType: 'application/json',
    ...more,
  });
  return (records: readonly SourceRecord[]): Promise<Decision> =>
    role({ topic: 'events', topicId: 'id', partition: 3, records: recordsOf(records) } satisfies Batch, () =>
      Promise.resolve(),
    );
}

const record = (offset: number, value: unknown, headers: RecordHeaders = {}): SourceRecord => ({
  offset,
  timestampMs: 1000 + offset,
  key: Buffer.from('k'),
  value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  headers,
});
const MS = 1_764_000_000_000;
const TRACE = Buffer.from(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`);
const event = (id: string, more: object = {}) => ({
  eventId: id,
  customerId: `c-${id}`,
  occurredAt: MS,
  age: 50,
  ...more,
});
const records = ({ emit }: Decision, topic: string): readonly OutputRecord[] =>
  emit.filter((emission) => emission.topic === topic).flatMap((emission) => listOf(emission.records));
const textsOf = (headers: RecordHeaders = {}) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
const values = <T>(decision: Decision, topic: string): T[] =>
  records(decision, topic).map(({ value }) => JSON.parse(String(value)) as T);

test('fields that nobody reads are reported with the decision; an event of nothing else is a dead letter', async () => {
  const decision = await scorer()([
    record(1, event('a', { credit_score: 600 })),
    record(2, event('b', { age: undefined, credit_score: 600 })),
    record(3, event('c', { segment: 'x' })),
  ]);
  expect(Object.fromEntries(decision.outcomes)).toEqual({ RECORD_INVALID: 1, scored: 2 });
  expect(Object.fromEntries(decision.unknownFields ?? [])).toEqual({ credit_score: 2, segment: 1 });
  const [letter] = records(decision, 'letters');
  expect(String(letter!.headers!['error-message'])).toBe('no model input: misspelt is creditScore');
});

test('a batch is decoded and scored by one model, whichever is put into service meanwhile', async () => {
  const used: string[] = [];
  const named = (version: string): Model => ({
    ...model,
    manifest: { ...model.manifest, version },
    evaluate: (...given) => {
      used.push(`${version} scores`);
      return model.evaluate(...given);
    },
  });
  const swaps = [named('b'), named('c')];
  let serving = named('a');
  const decode = createEventDecoder({ reader: BANK_READER, maxRecordBytes: 1000, findWriter: undefined });
  const score = scorer({
    model: () => ({ model: serving, activation: 7 }),
    decoder: ({ version }) => {
      used.push(`${version} decodes`);
      return (batch) => {
        serving = swaps.shift()!;
        return decode(batch);
      };
    },
  });
  await score([record(1, event('a'))]);
  await score([record(2, event('b'))]);
  expect(used).toEqual(['a decodes', 'a scores', 'b decodes', 'b scores']);
});

test('a batch of all kinds: each readable event a score, each unreadable one a dead letter, all counted', async () => {
  const decision = await scorer()([
    record(10, event('a'), { traceparent: TRACE }),
    record(11, 'not JSON'),
    record(12, null),
    record(13, event('b', { age: -1 })),
    record(14, event('c', { geography: 'Atlantis', numOfProducts: 5 })),
    record(15, `{"x":"${'x'.repeat(1000)}"}`),
  ]);
  expect(decision.commit).toBe(16);
  expect(decision.unknownFields?.size).toBe(0);
  expect(Object.fromEntries(decision.outcomes)).toEqual({
    RECORD_UNDECODABLE: 1,
    RECORD_INVALID: 1,
    RECORD_TOO_LARGE: 1,
    ignored: 1,
    scored: 2,
  });
  expect(decision.emit.map(({ topic, partition }) => [topic, partition])).toEqual([
    ['scores', 3],
    ['letters', 3],
    ['counts', 0],
  ]);
  const scores = values<ChurnScore>(decision, 'scores');
  expect(scores).toMatchObject([
    { scoreId: 'events/3/10', eventId: 'a', customerId: 'c-a', occurredAt: MS },
    { scoreId: 'events/3/14', eventId: 'c' },
  ]);
  const { threshold, sha256, version } = model.manifest;
  for (const { churnProbability, churnPrediction, reasons, modelSha256, modelVersion } of scores) {
    expect([modelSha256, modelVersion]).toEqual([sha256, version]);
    expect(churnPrediction).toBe(churnProbability >= threshold);
    expect(reasons).toHaveLength(model.manifest.reasonsCount);
  }
  const [first] = records(decision, 'scores');
  expect({ ...first, key: String(first!.key), headers: textsOf(first!.headers) }).toMatchObject({
    key: 'c-a',
    headers: {
      ce_id: 'events/3/10',
      traceparent: String(TRACE),
      'content-type': 'application/json',
      'source-group': 'g',
      'source-topic-id': 'id',
    },
  });
  const letters = records(decision, 'letters');
  expect(letters.map(({ headers }) => [headers?.['error-code'], headers?.['source-offset']])).toEqual([
    ['RECORD_UNDECODABLE', '11'],
    ['RECORD_INVALID', '13'],
    ['RECORD_TOO_LARGE', '15'],
  ]);
  expect(letters[0]!.headers).toMatchObject({ 'source-group': 'g', 'source-topic-id': 'id' });
  expect(String(letters[0]?.value)).toBe('not JSON');
  const [counts, ...rest] = values<DriftCounts>(decision, 'counts');
  expect(rest).toEqual([]);
  expect(counts).toMatchObject({
    activation: 7,
    events: 2,
    firstOffset: 10,
    lastOffset: 15,
    maxTimestamp: 1015,
  });
  for (const series of counts!.series) expect(series.counts.reduce((a, b) => a + b)).toBe(2);
  expect(counts!.customers).toHaveLength(256);
  expect(counts!.customers.reduce((a, b) => a + b)).toBe(2);
  const sums = counts!.series.map(({ contributionSum }) => contributionSum);
  const margins = scores.reduce(
    (sum, { churnProbability: p }) => sum + Math.log(p / (1 - p)) - model.manifest.baseMargin,
    0,
  );
  expect(sums.at(-1)).toBeCloseTo(margins, 6);
  expect(sums.slice(0, -1).reduce((a, b) => a + b)).toBeCloseTo(margins, 5);
});

test('however a stream is cut into batches, its scores are the same bytes', async () => {
  const stream = Array.from({ length: 30 }, (_, i) =>
    record(i, event(String(i), { age: 20 + i, balance: i * 1000 })),
  );
  const bytes = async (size: number): Promise<string[]> => {
    const all: string[] = [];
    for (let from = 0; from < stream.length; from += size)
      all.push(
        ...records(await scorer()(stream.slice(from, from + size)), 'scores').map(({ value }) =>
          String(value),
        ),
      );
    return all;
  };
  expect(await bytes(1)).toEqual(await bytes(30));
  expect(await bytes(7)).toEqual(await bytes(30));
});

test('a tombstone is a dead letter where that is asked for; unreadable records alone are not counted', async () => {
  const decision = await scorer({ tombstones: 'dead-letter' })([record(1, null), record(2, '{')]);
  expect(decision.emit.map(({ topic }) => topic)).toEqual(['letters']);
  expect(records(decision, 'letters').map(({ value }) => value)).toEqual([null, Buffer.from('{')]);
  expect(decision.commit).toBe(3);
});

test('without a model nothing is decided', async () => {
  await expect(scorer({ model: () => undefined })([record(1, event('a'))])).rejects.toMatchObject({
    code: 'MODEL_UNAVAILABLE',
  });
});

test('outputs tell where they came from, also a dead letter of a record with a ce_id of its own', () => {
  const from = record(41, 'x', { ce_id: Buffer.from('theirs'), own: Buffer.from('kept') });
  const batch: Batch = { topic: 'events', topicId: 'id', partition: 3, records: recordsOf([from]) };
  const letter = deadLetter(batch, 'g', from, { code: 'RECORD_INVALID', message: 'm' }, 10_000);
  expect(letter.headers).toMatchObject({ ce_id: Buffer.from('theirs'), own: Buffer.from('kept') });
  const written = (headers: RecordHeaders | undefined): SourceRecord => record(0, 'x', headers);
  const origin = (headers: RecordHeaders | undefined) => originOf('events', 3, written(headers));
  expect(origin(letter.headers)).toEqual({ end: 42, group: 'g', topicId: 'id' });
  expect(origin({ ce_id: 'events/3/9' })).toEqual({ end: 10, group: undefined, topicId: undefined });
  expect(origin({ ce_id: 'events/4/9' })).toBeUndefined();
  expect(origin({ ce_id: 'events/3/x' })).toBeUndefined();
});

test('a traceparent is passed on in the form of W3C only', async () => {
  const traces = [
    TRACE,
    Buffer.alloc(2000, 'a'),
    Buffer.from('00-x'),
    Buffer.from(TRACE.toString().toUpperCase()),
  ];
  const stream = traces.map((traceparent, i) => record(i, event(String(i)), { traceparent }));
  const scored = records(await scorer()(stream), 'scores');
  expect(scored.map(({ headers }) => headers?.['traceparent'])).toEqual([
    TRACE,
    undefined,
    undefined,
    undefined,
  ]);
});

test('a dead letter that does not fit is cut: its beginning, with the size and sha256 of the whole', async () => {
  const value = Buffer.from(`{"x":"${'x'.repeat(5000)}"}`);
  const sha256 = createHash('sha256').update(value).digest('hex');
  for (const [headers, keeps] of [
    [{ own: Buffer.from('kept') }, true],
    [{ large: Buffer.alloc(3000) }, false],
  ] as const) {
    const decision = await scorer({ maxLetterBytes: () => 2000 })([record(1, value.toString(), headers)]);
    const [letter] = records(decision, 'letters');
    expect(recordBytes(letter!)).toBeLessThanOrEqual(2000);
    expect(letter!.headers).toMatchObject({
      'error-code': 'RECORD_TOO_LARGE',
      'dead-letter-cut': 'true',
      'original-size': String(value.length),
      'original-sha256': sha256,
      'source-offset': '1',
      ...(keeps ? headers : { 'original-headers-bytes': expect.any(String) as string }),
    });
    const kept = letter!.value as Buffer;
    expect(kept.equals(value.subarray(0, kept.length)) && kept.length > 500).toBe(true);
  }
});

test('what a record says of an earlier letter of its own is not said of this one; all else is kept', async () => {
  const headers = { 'dead-letter-cut': Buffer.from('true'), 'original-size': Buffer.from('9'), 'source-offset': Buffer.from('7'), own: Buffer.from('kept') }; // prettier-ignore
  for (const maxBytes of [1e6, 700]) {
    const decision = await scorer({ maxLetterBytes: () => maxBytes })([record(1, `{"x":"${'x'.repeat(600)}"}`, headers)]); // prettier-ignore
    const [letter] = records(decision, 'letters');
    const isCut = maxBytes === 700;
    expect(letter!.headers).toMatchObject({ 'source-offset': '1', own: Buffer.from('kept') });
    expect(letter!.headers!['dead-letter-cut']).toBe(isCut ? 'true' : undefined);
    expect(letter!.headers!['original-size']).toBe(isCut ? '608' : undefined);
  }
});

test('a record that the scorer fails on becomes a dead letter that says so', async () => {
  const ports = {
    group: 'g',
    topics: { churnScores: 'scores', deadLetters: 'letters', driftCounts: 'counts' },
    maxLetterBytes: () => 1e6,
  };
  const batch = { topic: 'events', partition: 3, records: recordsOf([record(9, 'x')]) };
  const { emit, commit, outcomes } = await rejectEvent(ports)(batch, new TypeError('of undefined'), false);
  expect([commit, Object.fromEntries(outcomes)]).toEqual([10, { PROCESSING_FAILED: 1 }]);
  expect(listOf(emit[0]!.records)[0]).toMatchObject({
    value: Buffer.from('x'),
    headers: {
      'error-code': 'PROCESSING_FAILED',
      'error-message': expect.stringMatching(/^TypeError at /) as string,
    },
  });
});

/** A model that computes for one in two events what is given, at the margin or at a contribution. */
const odd = (value: number, at: number): Model => ({
  ...model,
  evaluate: async (events) => {
    const evaluation = await model.evaluate(events);
    const { outputs, width } = evaluation;
    for (let i = 0; i < events.count; i++)
      if (Number(events.eventId.at(i)) % 2 === 0) outputs[i * width + at] = value;
    return evaluation;
  },
});

test.each([
  [NaN, 0],
  [-Infinity, 0],
  [NaN, 3],
  [Infinity, 10],
])(
  'an output of %d is never published: a dead letter of its own, the neighbours scored and counted',
  async (value, at) => {
    const stream = [0, 1, 2, 3].map((i) => record(i, event(String(i))));
    const all = [...stream, record(4, 'no event'), record(6, event('6'))];
    const decision = await scorer({ model: () => ({ model: odd(value, at), activation: 7 }) })(all);
    expect(Object.fromEntries(decision.outcomes)).toEqual({
      RECORD_UNDECODABLE: 1,
      SCORE_NOT_FINITE: 3,
      scored: 2,
    });
    expect(decision.commit).toBe(7);
    const sound = await scorer()(stream.filter((_, i) => i % 2 === 1));
    expect(records(decision, 'scores').map(({ value: bytes }) => bytes)).toEqual(records(sound, 'scores').map(({ value: bytes }) => bytes)); // prettier-ignore
    const [counts] = values<DriftCounts>(decision, 'counts');
    expect(counts).toMatchObject({ events: 2, series: values<DriftCounts>(sound, 'counts')[0]!.series });
    expect(
      records(decision, 'letters').map(({ headers }) => [
        headers?.['source-offset'],
        headers?.['error-code'],
      ]),
    ).toEqual([
      ['0', 'SCORE_NOT_FINITE'],
      ['2', 'SCORE_NOT_FINITE'],
      ['4', 'RECORD_UNDECODABLE'],
      ['6', 'SCORE_NOT_FINITE'],
    ]);
    expect(String(records(decision, 'letters')[0]!.headers!['error-message'])).toContain(
      model.manifest.version,
    );
  },
);

test('a batch without any finite output has dead letters alone', async () => {
  const decision = await scorer({ model: () => ({ model: odd(NaN, 0), activation: 7 }) })([
    record(2, event('2')),
  ]);
  expect(decision.emit.map(({ topic }) => topic)).toEqual(['letters']);
});
