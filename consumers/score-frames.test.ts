/** The bytes of scores are those of the score as an object: encoded by its encoder, and framed as the client's own encoder does. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { encodeRecord } from '../kafka/kafkajs/patches/record-encoding.ts';
import type { Manifest } from '../models/manifest.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { createAvroEncoder } from '../schemas/avro.ts';
import { BANK_READER } from '../schemas/customer/bank.fixture.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { createColumns, appendEvent } from '../schemas/customer/columns.ts';
import { createEventDecoder } from '../schemas/decoder.ts';
import { SCHEMAS, type ChurnScore } from '../schemas/generated.ts';
import type { Batch, SourceRecord } from '../schemas/ports.ts';
import { isEncoded, listOf, type EncodedRecords } from '../schemas/record-frames.ts';
import { recordsOf } from '../schemas/records.ts';
import { loadModel } from '../scoring/load-model.io.ts';
import type { Model } from '../scoring/model.ts';
import { createScoreBuilder, sigmoid } from '../scoring/score.ts';
import { avroScores } from '../scoring/score-avro.ts';
import type { Scored, ScoreFormat } from '../scoring/score-bytes.ts';
import { jsonScores } from '../scoring/score-json.ts';
import { frameScores } from './score-frames.ts';
import { createScorer } from './scorer.ts';

let model: Model;
beforeAll(async () => {
  model = await loadModel('models/champion');
});

interface Format {
  readonly format: ScoreFormat;
  readonly encode: (score: ChurnScore) => Buffer | string;
  readonly contentType: 'application/json' | 'application/avro';
}
const avro = createAvroEncoder(SCHEMAS.ChurnScore, 70_000);
const FORMATS: readonly (readonly [string, Format])[] = [
  ['JSON', { format: jsonScores, encode: (score) => JSON.stringify(score), contentType: 'application/json' }],
  ['Avro', { format: avroScores(70_000), encode: (score) => avro(score), contentType: 'application/avro' }],
];

/** The records of scores as objects, framed by the client's encoder. */
function framed(batch: Batch, scores: readonly ChurnScore[], traces: readonly (Buffer | undefined)[], { encode, contentType }: Format): Buffer {
  const records = scores.map((score, i) => {
    const headers: Record<string, Buffer | string> = {
      ce_specversion: '1.0',
      ce_type: 'bankchurn.ChurnScore',
      ce_source: `/bankchurn/${batch.topic}`,
      ce_id: score.scoreId,
      'content-type': contentType,
      'source-group': 'the group',
      ...(batch.topicId === undefined ? {} : { 'source-topic-id': batch.topicId }),
    };
    if (traces[i] !== undefined) headers['traceparent'] = traces[i];
    return encodeRecord({ offsetDelta: i, key: score.customerId, value: encode(score), headers });
  });
  return Buffer.concat(records);
} // prettier-ignore

const TRACE = Buffer.from(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`);
const BAD_TRACE = Buffer.from('00-x');
/** Ids of customers and events that are text in every way. */
const ODD_IDS = ['a', 'x'.repeat(128), 'é', '日本'.repeat(64), '"', '\\', 'a"b\\c', '\u0000', '\u001f\n\t', '\u007f', '\u2028', '😀', '</script>', ' ', '15634602', "it's", '🇨🇭'.repeat(30)]; // prettier-ignore

function* events(count: number): Generator<CustomerEvent> {
  let i = 0;
  for (const { event } of simulateEvents(count, 11, 'e-')) {
    const nth = i++;
    const odd = ODD_IDS[nth % 40];
    yield {
      ...event,
      ...(odd === undefined ? {} : { eventId: odd, customerId: ODD_IDS[(nth * 7) % ODD_IDS.length]! }),
      ...(nth % 5 === 0 ? { age: null, geography: nth % 2 === 0 ? null : 'Île' } : {}),
      ...(nth % 7 === 0 ? { balance: 1e21, estimatedSalary: -0 } : {}),
      ...(nth % 11 === 0 ? { occurredAt: 946_684_800_000 } : {}),
    };
  }
}

test.each(FORMATS)(
  '%s: what the scorer emits is, byte for byte, what objects and their encoders give',
  async (_, format) => {
    const all = [...events(4000)];
    const traces = all.map((_event, i) => (i % 3 === 0 ? TRACE : undefined));
    const list = all.map((event, i): SourceRecord => ({
      offset: i < 2000 ? i : 2 ** 40 + i,
      timestampMs: 5000 + i,
      key: Buffer.from('k'),
      value: Buffer.from(JSON.stringify(event)),
      headers: (i % 3 === 0 ? { other: TRACE, traceparent: TRACE } : i % 3 === 1 ? { traceparent: BAD_TRACE } : {}),
    })); // prettier-ignore
    const scorer = createScorer({
      model: () => ({ model, activation: 7 }),
      decoder: () => createEventDecoder({ reader: BANK_READER, maxRecordBytes: 5000, findWriter: undefined }),
      scoreFormat: format.format,
      encodeCounts: (counts) => ({ value: JSON.stringify(counts) }),
      group: 'the group',
      topics: { churnScores: 'scores', deadLetters: 'letters', driftCounts: 'counts' },
      tombstones: 'ignore',
      maxLetterBytes: () => 100_000,
      maxSendBytes: () => 200_000,
      contentType: format.contentType,
    });
    for (const [from, to, topicId] of [[0, 1, 'id'], [1, 1400, 'WYl3Gb2XRMuqmHwVJqJ5Wg'], [1400, 4000, undefined]] as const) {
      const batch: Batch = { topic: 'customer-events', topicId, partition: 12, records: recordsOf(list.slice(from, to)) };
      const { emit, outcomes, scoredAt } = await scorer(batch, () => Promise.resolve());
      expect(Object.fromEntries(outcomes)).toEqual({ scored: to - from });
      expect([...scoredAt!]).toEqual(list.slice(from, to).map(({ timestampMs }) => timestampMs));
      const scores = await model.score(all.slice(from, to).map((event, i) => ({ event, scoreId: `customer-events/12/${String(list[from + i]!.offset)}` })));
      const sent = emit.filter(({ topic }) => topic === 'scores').map(({ records }) => records as EncodedRecords);
      expect(sent.every((records) => isEncoded(records) && records.bytes.length <= 200_000)).toBe(true);
      expect(sent.length).toBe(to - from === 1 ? 1 : Math.max(2, sent.length));
      let at = 0;
      for (const { bytes, count } of sent) {
        const wanted = framed(batch, scores.slice(at, at + count), traces.slice(from + at, from + at + count), format);
        expect(Buffer.compare(bytes, wanted)).toBe(0);
        at += count;
      }
      expect(at).toBe(to - from);
    }
  },
); // prettier-ignore

/** Outputs of any size, as no model gives them. */
const output = fc.oneof(
  fc.constantFrom(0, -0, 1e21, 1e-7, -1e-7, 1e20, 123456789, 3.4028234663852886e38, 1e-45, 0.1, -5),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
);
const id = fc.oneof(fc.constantFrom(...ODD_IDS), fc.string({ minLength: 1, maxLength: 128, unit: 'binary' }));

test.each(FORMATS)('%s: any ids, times, outputs, names and limits', (_, format) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(id, id, fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.array(output, { minLength: 4, maxLength: 4 })), { minLength: 1, maxLength: 12 }),
      fc.record({ reasonsCount: fc.integer({ min: 1, max: 5 }), version: fc.string({ maxLength: 70, unit: 'binary' }), baseMargin: fc.double({ noNaN: true, noDefaultInfinity: true }), threshold: fc.constantFrom(0, 0.3, 1) }),
      fc.array(fc.string({ minLength: 1, maxLength: 200 }), { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.boolean(),
      (rows, changed, names, maxBytes, areBytes) => {
        const manifest: Manifest = { ...model.manifest, ...changed, features: names.map((name) => ({ name, kind: 'numeric' as const })) };
        const columns = createColumns({ inputs: [] }, rows.length);
        rows.forEach(([eventId, customerId, occurredAt], row) => {
          appendEvent(columns, { eventId, customerId, occurredAt });
          // As a scan leaves them, where that is possible.
          if (areBytes && /^[ !#-[\]-~]+$/.test(customerId)) columns.customerId.setBytes(row, Buffer.from(`  ${customerId}"`), 2, customerId.length);
        });
        const outputs = Float32Array.from(rows.flatMap(([, , , four]) => four));
        const probabilities = Float64Array.from(rows, (_row, row) => sigmoid(outputs[row * 4]!));
        const scored: Scored = { events: columns, outputs, width: 4, probabilities };
        const list = rows.map((_row, i): SourceRecord => ({ offset: i * 99_999_999, timestampMs: 0, key: null, value: null, headers: {} }));
        const batch: Batch = { topic: 't', partition: 3, records: recordsOf(list) };
        const build = createScoreBuilder(manifest);
        const scores = list.map(({ offset }, row) => build(columns, row, `t/3/${String(offset)}`, outputs, row * 4));
        const framing = { group: 'the group', contentType: format.contentType, values: format.format(manifest), maxBytes };
        const parts = frameScores(framing, batch, scored, Int32Array.from(rows.keys()), { recordBytes: 1 });
        let at = 0;
        for (const { bytes, count } of parts) {
          const wanted = framed(batch, scores.slice(at, at + count), [], format);
          expect(bytes.toString('latin1')).toBe(wanted.toString('latin1'));
          if (count > 1) expect(bytes.length).toBeLessThanOrEqual(maxBytes);
          at += count;
        }
        expect(at).toBe(rows.length);
        // As few parts as their limit allows: the first record of a part did not fit into the one before.
        parts.slice(1).forEach((part, i) => {
          const first = listOf(part)[0]!;
          const more = encodeRecord({ offsetDelta: parts[i]!.count, key: first.key, value: first.value, headers: first.headers! }).length;
          expect(parts[i]!.bytes.length + more).toBeGreaterThan(maxBytes);
        });
      },
    ),
    { numRuns: 400 },
  );
}); // prettier-ignore
