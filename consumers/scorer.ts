import { BankChurnError, messageWithoutValues, type Poison } from '../schemas/errors.ts';
import type { DecodeEvents, EventDecoder } from '../schemas/decoder.ts';
import { createCounter, type CountEvents } from '../drift/counts.ts';
import { countCustomers } from '../drift/customers.ts';
import { rowsOfColumns } from '../schemas/customer/columns.ts';
import type { Manifest } from '../models/manifest.ts';
import type { DriftCounts } from '../schemas/generated.ts';
import type { EncodeOwn } from '../schemas/own.ts';
import type { Batch, Decision, Emission, OutputRecord, Reject, Role } from '../schemas/ports.ts';
import type { EncodedRecords } from '../schemas/record-frames.ts';
import { lastOffset } from '../schemas/records.ts';
import type { Model } from '../scoring/model.ts';
import { countsHeaders } from './counts-origin.ts';
import { notFinite, notFiniteRows } from '../scoring/score.ts';
import type { Scored, ScoreFormat, ScoreValues } from '../scoring/score-bytes.ts';
import { deadLetter } from './dead-letter.ts';
import { frameScores } from './score-frames.ts';

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
  readonly scoreFormat: ScoreFormat;
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
  /** Bytes of one emission of scores at most. */
  readonly maxSendBytes: () => number;
  /** MIME type of the encoded scores. */
  readonly contentType: 'application/json' | 'application/avro';
}

/** The scorer role: customer events → churn scores and dead letters. */
export function createScorer(ports: ScorerPorts): Role {
  const expected = { recordBytes: FIRST_RECORD_BYTES };
  return async (batch) => {
    const serving = ports.model();
    if (serving === undefined) throw new BankChurnError('MODEL_UNAVAILABLE', 'no model is loaded');
    const { manifest } = serving.model;
    const decode = await ports.decoder(manifest)(batch.records);
    const { sources, letters, outcomes } = sortRecords(ports, batch, decode);
    const { columns: events, unknownFields } = decode;
    if (sources.length === 0) return { ...decision(batch, [], letters, [], ports, outcomes), unknownFields };
    const all = { ...(await serving.model.evaluate(events)), events, sources };
    const { kept, lost } = withoutNotFinite(all);
    const allLetters = withLetters(ports, batch, letters, lost, notFinite(manifest));
    if (lost.length > 0) outcomes.set('SCORE_NOT_FINITE', lost.length);
    if (kept.sources.length === 0)
      return { ...decision(batch, [], allLetters, [], ports, outcomes), unknownFields };
    outcomes.set('scored', kept.sources.length);
    const counts = [countRecord(ports, serving, batch, kept)];
    const values = valuesOf(ports.scoreFormat, serving.model);
    const framing = { ...ports, values, maxBytes: ports.maxSendBytes() };
    const scores = frameScores(framing, batch, kept, kept.sources, expected);
    return {
      ...decision(batch, scores, allLetters, counts, ports, outcomes),
      scoredAt: Float64Array.from(kept.sources, (source) => batch.records.timestampAt(source)),
      unknownFields,
    };
  };
}

/** Of a score with its headers, until some have been written. */
const FIRST_RECORD_BYTES = 800;

/** Events in the order of their scores; `sources`: the number of each one's record in the batch. */
interface Evaluated extends Scored {
  readonly sources: Int32Array;
}

/** What has a score, and the records that have none. */
function withoutNotFinite(all: Evaluated): { kept: Evaluated; lost: Int32Array } {
  const { width, sources } = all;
  const rows = notFiniteRows(all.outputs, width);
  if (rows === undefined) return { kept: all, lost: new Int32Array(0) };
  const isKept = (_: unknown, row: number): boolean => !rows.has(row);
  const kept = {
    outputs: all.outputs.filter((_, i) => !rows.has(Math.floor(i / width))),
    width,
    probabilities: all.probabilities.filter(isKept),
    events: rowsOfColumns(all.events, [...sources.keys()].filter((row) => !rows.has(row))), // prettier-ignore
    sources: sources.filter(isKept),
  };
  return { kept, lost: sources.filter((_, row) => rows.has(row)) };
}

/** More letters among others, in the order of their records: the newest output says how far the group has come. */
function withLetters(
  ports: Pick<ScorerPorts, 'group' | 'maxLetterBytes'>,
  batch: Batch,
  letters: readonly OutputRecord[],
  records: Int32Array,
  poison: Poison,
): readonly OutputRecord[] {
  if (records.length === 0) return letters;
  const more = Array.from(records, (record) =>
    deadLetter(batch, ports.group, batch.records.at(record), poison, ports.maxLetterBytes()),
  );
  const offsetOf = ({ headers }: OutputRecord): number => Number(headers?.['source-offset']);
  return [...letters, ...more].sort((a, b) => offsetOf(a) - offsetOf(b));
}

/** A batch by what becomes of its records. */
interface Sorted {
  /** The record of each event in the columns, in their order. */
  readonly sources: Int32Array;
  readonly letters: readonly OutputRecord[];
  /** How many records had which outcome, those to be scored aside. */
  readonly outcomes: Map<string, number>;
}

function sortRecords(ports: ScorerPorts, batch: Batch, decode: DecodeEvents): Sorted {
  const { records } = batch;
  const sources = new Int32Array(records.length);
  const letters: OutputRecord[] = [];
  const outcomes = new Map<string, number>();
  let events = 0;
  for (let i = 0; i < records.length; i++) {
    const read = readRecord(records, i, decode);
    if (typeof read === 'number') sources[events++] = i;
    else if (read === TOMBSTONE && ports.tombstones === 'ignore') count(outcomes, 'ignored');
    else {
      letters.push(deadLetter(batch, ports.group, records.at(i), read, ports.maxLetterBytes()));
      count(outcomes, read.code);
    }
  }
  return { sources: sources.subarray(0, events), letters, outcomes };
}

function readRecord(records: Batch['records'], i: number, decode: DecodeEvents): number | Poison {
  const refused = records.refusedAt(i);
  if (refused !== undefined) return refused;
  const length = records.valueLength(i);
  return length < 0 ? TOMBSTONE : decode(records.bytesAt(i), records.valueStart(i), length);
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
  scores: readonly EncodedRecords[],
  letters: readonly OutputRecord[],
  counts: readonly OutputRecord[],
  ports: Pick<ScorerPorts, 'topics'>,
  outcomes: ReadonlyMap<string, number>,
): Decision {
  const { partition, records } = batch;
  const emit: Emission[] = scores.map((some) => ({ topic: ports.topics.churnScores, partition, records: some })); // prettier-ignore
  if (letters.length > 0) emit.push({ topic: ports.topics.deadLetters, partition, records: letters });
  if (counts.length > 0) emit.push({ topic: ports.topics.driftCounts, partition: 0, records: counts });
  return { emit, commit: lastOffset(records) + 1, outcomes };
}

const compiled = new WeakMap<Model, { readonly format: ScoreFormat; readonly values: ScoreValues }>();

/** What a format makes of a model, compiled once. */
function valuesOf(format: ScoreFormat, model: Model): ScoreValues {
  const known = compiled.get(model);
  if (known?.format === format) return known.values;
  const values = format(model.manifest);
  compiled.set(model, { format, values });
  return values;
}

const counters = new WeakMap<Model, CountEvents>();

/** What the batch adds to the drift counts: committed with its scores, so nothing is counted twice or lost. */
function countRecord(
  ports: ScorerPorts,
  { model, activation }: ServingModel,
  batch: Batch,
  { events, probabilities, outputs }: Evaluated,
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
    maxTimestamp: latestOf(records),
    events: events.count,
    series: counter(events, probabilities, outputs),
    customers: Array.from(countCustomers(events.customerId, events.count)),
  };
  const { value, headers } = ports.encodeCounts(counts);
  return { key: manifest.sha256, value, headers: { ...headers, ...countsHeaders(ports.group, batch) } };
}

function latestOf(records: Batch['records']): number {
  let latest = 0;
  for (let i = 0; i < records.length; i++) latest = Math.max(latest, records.timestampAt(i));
  return latest;
}
