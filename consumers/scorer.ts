import { BankChurnError, messageWithoutValues, type Poison } from '../schemas/errors.ts';
import type { DecodeEvents, EventDecoder } from '../schemas/decoder.ts';
import { createCounter, type CountEvents } from '../drift/counts.ts';
import { rowsOfColumns, type EventColumns } from '../schemas/customer/columns.ts';
import type { Manifest } from '../models/manifest.ts';
import type { ChurnScore, DriftCounts } from '../schemas/generated.ts';
import type { EncodeOwn } from '../schemas/own.ts';
import type {
  Batch,
  Decision,
  Emission,
  OutputRecord,
  Reject,
  Role,
  SourceRecord,
} from '../schemas/ports.ts';
import { lastOffset } from '../schemas/records.ts';
import type { Model } from '../scoring/model.ts';
import { countsHeaders } from './counts-origin.ts';
import { notFinite, notFiniteRows } from '../scoring/score.ts';
import { deadLetter } from './dead-letter.ts';
import { originHeaders } from './output-origin.ts';

/** The model in service and since when. */
export interface ServingModel {
  readonly model: Model;
  /** Offset of its activation in the model log; -1: the image's own, without a log. */
  readonly activation: number;
}

/** What the scorer needs; all of it is handed in, so a batch in memory gives the same decision as one from Kafka. */
export interface ScorerPorts {
  /** The model in service, read once per batch: a hot swap takes effect at a batch boundary. */
  readonly model: () => ServingModel | undefined;
  /** The decoder of a model's events: what shapes a score travels with the model. */
  readonly decoder: (model: Manifest) => EventDecoder;
  readonly encodeScore: (score: ChurnScore) => Buffer | string;
  readonly encodeCounts: EncodeOwn<DriftCounts>;
  /** The consumer group: outputs name it. */
  readonly group: string;
  readonly topics: {
    readonly churnScores: string;
    readonly deadLetters: string;
    readonly driftCounts: string;
  };
  readonly tombstones: 'ignore' | 'dead-letter';
  /** Bytes of a dead letter at most (what its topic takes); a larger one is cut. */
  readonly maxLetterBytes: () => number;
  /** MIME type of the encoded scores. */
  readonly contentType: 'application/json' | 'application/avro';
}

/** The scorer role: customer events → churn scores and dead letters. */
export function createScorer(ports: ScorerPorts): Role {
  return async (batch) => {
    const serving = ports.model();
    if (serving === undefined) throw new BankChurnError('MODEL_UNAVAILABLE', 'no model is loaded');
    const decode = await ports.decoder(serving.model.manifest)(
      [...batch.records].map(({ value, refused }) => (refused === undefined ? value : null)),
    );
    const { scoreIds, sources, letters, outcomes } = sortRecords(ports, batch, decode);
    const { columns: events, unknownFields } = decode;
    if (sources.length === 0) return { ...decision(batch, [], letters, [], ports, outcomes), unknownFields };
    const { scores, outputs } = await serving.model.evaluate(events, scoreIds);
    const evaluated = { scores, outputs, events, sources };
    const { kept, lost } = withoutNotFinite(evaluated);
    const all = withLetters(ports, batch, letters, lost, notFinite(serving.model.manifest));
    if (lost.length > 0) outcomes.set('SCORE_NOT_FINITE', lost.length);
    if (kept.scores.length === 0) return { ...decision(batch, [], all, [], ports, outcomes), unknownFields };
    outcomes.set('scored', kept.scores.length);
    const counts = [countRecord(ports, serving, batch, kept)];
    const scored = scoreRecords(ports, batch, kept.scores, kept.sources);
    return {
      ...decision(batch, scored, all, counts, ports, outcomes),
      scoredAt: kept.sources.map(({ timestampMs }) => timestampMs),
      unknownFields,
    };
  };
}

/** Events in the order of their scores; `outputs` is [events × (1 + features)], `sources` their records. */
interface Evaluated {
  readonly scores: readonly ChurnScore[];
  readonly outputs: Float32Array;
  readonly events: EventColumns;
  readonly sources: readonly SourceRecord[];
}

/** What has a score, and the records that have none. */
function withoutNotFinite(all: Evaluated): { kept: Evaluated; lost: readonly SourceRecord[] } {
  const width = all.outputs.length / all.scores.length;
  const rows = notFiniteRows(all.outputs, width);
  if (rows === undefined) return { kept: all, lost: [] };
  const isKept = (_: unknown, row: number): boolean => !rows.has(row);
  const keptRows = [...all.scores.keys()].filter((row) => !rows.has(row));
  const kept = {
    scores: all.scores.filter(isKept),
    outputs: all.outputs.filter((_, i) => !rows.has(Math.floor(i / width))),
    events: rowsOfColumns(all.events, keptRows),
    sources: all.sources.filter(isKept),
  };
  return { kept, lost: all.sources.filter((_, row) => rows.has(row)) };
}

/** More letters among others, in the order of their records: the newest output says how far the group has come. */
function withLetters(
  ports: Pick<ScorerPorts, 'group' | 'maxLetterBytes'>,
  batch: Batch,
  letters: readonly OutputRecord[],
  records: readonly SourceRecord[],
  poison: Poison,
): readonly OutputRecord[] {
  if (records.length === 0) return letters;
  const more = records.map((record) =>
    deadLetter(batch, ports.group, record, poison, ports.maxLetterBytes()),
  );
  const offsetOf = ({ headers }: OutputRecord): number => Number(headers?.['source-offset']);
  return [...letters, ...more].sort((a, b) => offsetOf(a) - offsetOf(b));
}

/** A batch by what becomes of its records. */
interface Sorted {
  /** Of the events in the columns, in their order. */
  readonly scoreIds: readonly string[];
  /** The record of each of them. */
  readonly sources: readonly SourceRecord[];
  readonly letters: readonly OutputRecord[];
  /** How many records had which outcome, those to be scored aside. */
  readonly outcomes: Map<string, number>;
}

function sortRecords(ports: ScorerPorts, batch: Batch, decode: DecodeEvents): Sorted {
  const scoreIds: string[] = [];
  const sources: SourceRecord[] = [];
  const letters: OutputRecord[] = [];
  const outcomes = new Map<string, number>();
  const prefix = `${batch.topic}/${String(batch.partition)}/`;
  for (const record of batch.records) {
    if (record.value === null && record.refused === undefined && ports.tombstones === 'ignore') {
      count(outcomes, 'ignored');
      continue;
    }
    const read = record.refused ?? (record.value === null ? TOMBSTONE : decode(record.value));
    if (typeof read === 'number') {
      scoreIds.push(prefix + String(record.offset));
      sources.push(record);
    } else {
      letters.push(deadLetter(batch, ports.group, record, read, ports.maxLetterBytes()));
      count(outcomes, read.code);
    }
  }
  return { scoreIds, sources, letters, outcomes };
}

/** What the scorer does with a record that it fails on: a dead letter, as small as can be if the full one did not fit. */
export const rejectEvent =
  (ports: Pick<ScorerPorts, 'group' | 'topics' | 'maxLetterBytes'>): Reject =>
  (batch, error, isCut) => {
    const code = error instanceof BankChurnError ? error.code : 'PROCESSING_FAILED';
    const poison = { code, message: messageWithoutValues(error) };
    const letters = [...batch.records].map((record) =>
      deadLetter(batch, ports.group, record, poison, isCut ? SMALL_LETTER_BYTES : ports.maxLetterBytes()),
    );
    return decision(batch, [], letters, [], ports, new Map([[code, letters.length]]));
  };

/** Of a dead letter whose topic takes less than it says. */
const SMALL_LETTER_BYTES = 2000;

const TOMBSTONE: Poison = { code: 'RECORD_EMPTY', message: 'the value is null' };

function count(outcomes: Map<string, number>, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

function decision(
  batch: Batch,
  scores: readonly OutputRecord[],
  letters: readonly OutputRecord[],
  counts: readonly OutputRecord[],
  ports: Pick<ScorerPorts, 'topics'>,
  outcomes: ReadonlyMap<string, number>,
): Decision {
  const { partition, records } = batch;
  const emit: Emission[] = [];
  if (scores.length > 0) emit.push({ topic: ports.topics.churnScores, partition, records: scores });
  if (letters.length > 0) emit.push({ topic: ports.topics.deadLetters, partition, records: letters });
  if (counts.length > 0) emit.push({ topic: ports.topics.driftCounts, partition: 0, records: counts });
  return { emit, commit: lastOffset(records) + 1, outcomes };
}

function scoreRecords(
  ports: ScorerPorts,
  batch: Batch,
  scores: readonly ChurnScore[],
  sources: readonly SourceRecord[],
): OutputRecord[] {
  const source = `/bankchurn/${batch.topic}`;
  const origin = Object.entries(originHeaders(ports.group, batch));
  return scores.map((score, i) => {
    // Field by field: spreading an object costs as much as encoding the record.
    const headers: Record<string, Buffer | string> = {
      ce_specversion: '1.0',
      ce_type: 'bankchurn.ChurnScore',
      ce_source: source,
      ce_id: score.scoreId,
      'content-type': ports.contentType,
    };
    for (const [name, value] of origin) headers[name] = value;
    const trace = traceOf(sources[i]!);
    if (trace !== undefined) headers['traceparent'] = trace;
    return { key: score.customerId, value: ports.encodeScore(score), headers };
  });
}

/** W3C Trace Context, version 00: version, trace id, parent id, flags (https://www.w3.org/TR/trace-context/). */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const TRACEPARENT_BYTES = 55;

/** The `traceparent` of a record, if it has the form of one: anything else is not passed on. */
function traceOf({ headers }: SourceRecord): Buffer | undefined {
  const given = headers['traceparent'];
  if (given === undefined) return undefined;
  const [trace] = Array.isArray(given) ? (given as readonly Buffer[]) : [given as Buffer];
  const isOne = trace?.length === TRACEPARENT_BYTES && TRACEPARENT.test(trace.toString('latin1'));
  return isOne ? trace : undefined;
}

const counters = new WeakMap<Model, CountEvents>();

/** What the batch adds to the drift counts: committed with its scores, so nothing is counted twice or lost. */
function countRecord(
  ports: ScorerPorts,
  { model, activation }: ServingModel,
  batch: Batch,
  { events, scores, outputs }: Evaluated,
): OutputRecord {
  const { manifest } = model;
  const { topic, partition, records } = batch;
  let counter = counters.get(model);
  if (counter === undefined) counters.set(model, (counter = createCounter(manifest)));
  const counts: DriftCounts = {
    modelSha256: manifest.sha256,
    activation,
    sourceTopic: topic,
    sourcePartition: partition,
    firstOffset: records.offsetAt(0),
    lastOffset: lastOffset(records),
    maxTimestamp: [...records].reduce((latest, { timestampMs }) => Math.max(latest, timestampMs), 0),
    events: events.count,
    series: counter(
      events,
      scores.map(({ churnProbability }) => churnProbability),
      outputs,
    ),
  };
  const { value, headers } = ports.encodeCounts(counts);
  return { key: manifest.sha256, value, headers: { ...headers, ...countsHeaders(ports.group, batch) } };
}
