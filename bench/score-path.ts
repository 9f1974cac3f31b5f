/**
 * What each stage between a fetch and the bytes that are sent costs an event: walk over the fetch, decoding into columns, feature rows,
 * ONNX, scores as bytes, drift counts; and all of it by the scorer itself. Beside them the way by objects, which tools still go.
 */
import { join } from 'node:path';
import { packageRoot } from '../cli/context.ts';
import { frameScores } from '../consumers/score-frames.ts';
import { createScorer } from '../consumers/scorer.ts';
import { createCounter } from '../drift/counts.ts';
import { unpack } from '../kafka/kafkajs/codecs.io.ts';
import { batchOf } from '../kafka/kafkajs/record-batches.fixture.ts';
import { openBudget } from '../kafka/record-set.ts';
import { readFetched } from '../kafka/record-slab.ts';
import { createFeatureRowEncoder } from '../models/feature-row.ts';
import { readRelease } from '../models/store.io.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { compileWriter, createAvroEncoder, eventShape } from '../schemas/avro.ts';
import { BANK, BANK_AVRO } from '../schemas/customer/bank.fixture.ts';
import { createEventReader } from '../schemas/customer/event-reader.ts';
import { createEventDecoder } from '../schemas/decoder.ts';
import { SCHEMAS, type DriftCounts } from '../schemas/generated.ts';
import type { Batch } from '../schemas/ports.ts';
import { encodeOutputRecords } from '../schemas/record-frames.ts';
import type { Records } from '../schemas/records.ts';
import { openModel } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { createScoreBuilder } from '../scoring/score.ts';
import { avroScores } from '../scoring/score-avro.ts';
import type { Scored } from '../scoring/score-bytes.ts';
import { jsonScores } from '../scoring/score-json.ts';

const EVENTS = 100_000;
const BATCH = 1400;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const LIMITS = { unpackedBytes: 1e9, records: 1e6, headers: 100 };
const SEND_BYTES = 700_000;
const FORMATS = ['JSON', 'Avro'] as const;

/** Microseconds an event, of each batch, by stage. */
type Times = Map<string, number[]>;

function clock(times: Times) {
  let last = performance.now();
  return {
    start: () => {
      last = performance.now();
    },
    stop: (stage: string, events: number) => {
      const now = performance.now();
      const list = times.get(stage) ?? [];
      times.set(stage, list);
      list.push(((now - last) * 1000) / events);
      last = performance.now();
    },
  };
}

/** Fetches of one batch each, as a producer fills them. */
async function fetches(format: (typeof FORMATS)[number]): Promise<Buffer[]> {
  const encode = createAvroEncoder(BANK_AVRO, 1);
  const events = [...simulateEvents(EVENTS, 1, 'b-')].map(({ event }) => ({
    key: event.customerId,
    value: format === 'JSON' ? JSON.stringify(event) : encode(event),
  }));
  const sets: Buffer[] = [];
  for (let from = 0; from < EVENTS; from += BATCH) sets.push(await batchOf(events.slice(from, from + BATCH)));
  return sets;
}

const batchFor = (records: Records): Batch => ({
  topic: 'customer-events',
  topicId: 'WYl3Gb2XRMuqmHwVJqJ5Wg',
  partition: 3,
  records,
});

async function measure(format: (typeof FORMATS)[number]): Promise<Times> {
  const release = await readRelease(join(packageRoot(), 'models/champion'));
  const [model, session] = [await openModel(release, createSession), await createSession(release.onnx)];
  const { manifest } = model;
  const reader = createEventReader(BANK);
  const findWriter = () => Promise.resolve(compileWriter(BANK_AVRO, eventShape(reader)));
  const decoder = createEventDecoder({ reader, maxRecordBytes: 100_000, findWriter });
  const scoreFormat = format === 'JSON' ? jsonScores : avroScores(2);
  const avro = createAvroEncoder(SCHEMAS.ChurnScore, 2);
  const encodeScore = format === 'JSON' ? (score: object) => JSON.stringify(score) : avro;
  const contentType = format === 'JSON' ? 'application/json' : 'application/avro';
  const framing = { group: 'bankchurn-scorer', contentType, values: scoreFormat(manifest), maxBytes: SEND_BYTES };
  const encodeCounts = (counts: DriftCounts) => ({ value: JSON.stringify(counts) });
  const role = createScorer({
    ...{ model: () => ({ model, activation: 7 }), decoder: () => decoder, scoreFormat, encodeCounts, group: framing.group, contentType },
    ...{ topics: { churnScores: 's', deadLetters: 'l', driftCounts: 'c' }, tombstones: 'ignore', maxLetterBytes: () => 1e6, maxSendBytes: () => SEND_BYTES },
  });
  const build = createScoreBuilder(manifest);
  const scoresOf = ({ events, outputs, width }: Scored) =>
    Array.from({ length: events.count }, (_, row) => build(events, row, `customer-events/3/${String(row)}`, outputs, row * width));
  const encode = createFeatureRowEncoder(manifest.features);
  const count = createCounter(manifest);
  const [sets, times, expected] = [await fetches(format), new Map<string, number[]>(), { recordBytes: 800 }];
  const { start, stop } = clock(times);
  for (let round = 0; round < ROUNDS; round++)
    for (const set of sets) {
      start();
      const { records } = await readFetched(set, { place: 'p', from: 0, limits: LIMITS, budget: openBudget(LIMITS), unpack, aborted: [] });
      const n = records.length;
      stop('walk over the fetch', n);
      const decode = await decoder(records);
      for (let i = 0; i < n; i++) decode(records.bytesAt(i), records.valueStart(i), records.valueLength(i));
      stop('decode into columns', n);
      const { columns: events } = decode;
      const rows = new Float32Array(n * session.columns);
      encode(events, 0, n, rows);
      stop('feature rows', n);
      for (const size of [512, 1000, n]) {
        start();
        for (let from = 0; from < n; from += size) {
          const some = Math.min(size, n - from);
          await session.run(rows.subarray(from * session.columns, (from + some) * session.columns), some);
        }
        stop(`ONNX, ${size === n ? 'all' : String(size)} at once`, n);
      }
      const scored = { ...(await model.evaluate(events)), events };
      const sources = Int32Array.from({ length: n }, (_, i) => i);
      const batch = batchFor(records);
      start();
      frameScores(framing, batch, scored, sources, expected);
      stop('scores as framed bytes', n);
      count(events, scored.probabilities, scored.outputs);
      stop('drift counts', n);
      await role(batch, () => Promise.resolve());
      stop('the scorer, all of it but the walk', n);
      const scores = scoresOf(scored);
      start();
      encodeOutputRecords(scores.map((score) => ({ key: score.customerId, value: encodeScore(score) })));
      stop('scores as objects, encoded and framed', n);
    }
  await session.close();
  await model.close();
  return times;
} // prettier-ignore

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * share)]!;

export async function scorePath(): Promise<void> {
  for (const format of FORMATS) {
    const times = await measure(format);
    console.log(`\nfrom a fetch to scores, ${format}, batches of ${String(BATCH)}`.padEnd(60), '   µs an event: best twentieth   median'); // prettier-ignore
    for (const [stage, list] of times)
      console.log(stage.padEnd(60), quantile(list, 0.05).toFixed(2).padStart(30), quantile(list, 0.5).toFixed(2).padStart(8)); // prettier-ignore
  }
}
