import { BankChurnError, type ErrorCode, type Poison } from '../schemas/errors.ts';
import type { RecordDecoder } from '../schemas/decoder.ts';
import { isPoison } from '../schemas/event.ts';
import { createCounter, type CountEvents } from '../drift/counts.ts';
import type { ChurnScore, CustomerEvent, DriftCounts } from '../schemas/generated.ts';
import type {
  Batch,
  Decision,
  Emission,
  OutputRecord,
  RecordHeaders,
  Role,
  SourceRecord,
} from '../schemas/ports.ts';
import type { Model, ScoreRequest } from '../scoring/model.ts';

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
  readonly decoder: RecordDecoder<CustomerEvent>;
  readonly encodeScore: (score: ChurnScore) => Buffer | string;
  readonly encodeCounts: (counts: DriftCounts) => Buffer | string;
  readonly topics: {
    readonly churnScores: string;
    readonly deadLetters: string;
    readonly driftCounts: string;
  };
  readonly tombstones: 'ignore' | 'dead-letter';
  /** MIME type of the encoded scores. */
  readonly contentType: 'application/json' | 'application/avro';
}

/** Longest `error-message` header, characters. */
const MAX_MESSAGE = 500;

/** The scorer role: customer events → churn scores and dead letters. */
export function createScorer(ports: ScorerPorts): Role {
  return async (batch) => {
    const serving = ports.model();
    if (serving === undefined) throw new BankChurnError('MODEL_UNAVAILABLE', 'no model is loaded');
    const decode = await ports.decoder(batch.records.map((record) => record.value));
    const requests: ScoreRequest[] = [];
    const sources: SourceRecord[] = [];
    const letters: OutputRecord[] = [];
    const outcomes = new Map<string, number>();
    const prefix = `${batch.topic}/${String(batch.partition)}/`;
    for (const record of batch.records) {
      if (record.value === null && ports.tombstones === 'ignore') {
        count(outcomes, 'ignored');
        continue;
      }
      const event = record.value === null ? TOMBSTONE : decode(record.value);
      if (isPoison(event)) {
        letters.push(deadLetter(batch, record, event));
        count(outcomes, event.code);
      } else {
        requests.push({ event, scoreId: prefix + String(record.offset) });
        sources.push(record);
      }
    }
    const { scores, outputs } = await serving.model.evaluate(requests);
    if (scores.length > 0) outcomes.set('scored', scores.length);
    const counts =
      scores.length === 0
        ? []
        : [
            countRecord(
              ports,
              serving,
              batch,
              requests.map(({ event }) => event),
              scores,
              outputs,
            ),
          ];
    const { unknownFields } = decode;
    const scored = scoreRecords(ports, batch, scores, sources);
    return { ...decision(batch, scored, letters, counts, ports, outcomes), unknownFields };
  };
}

const TOMBSTONE: Poison = { code: 'RECORD_EMPTY', message: 'the value is null' };

function count(outcomes: Map<string, number>, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

function decision(
  batch: Batch,
  scores: readonly OutputRecord[],
  letters: readonly OutputRecord[],
  counts: readonly OutputRecord[],
  ports: ScorerPorts,
  outcomes: ReadonlyMap<string, number>,
): Decision {
  const { partition, records } = batch;
  const emit: Emission[] = [];
  if (scores.length > 0) emit.push({ topic: ports.topics.churnScores, partition, records: scores });
  if (letters.length > 0) emit.push({ topic: ports.topics.deadLetters, partition, records: letters });
  if (counts.length > 0) emit.push({ topic: ports.topics.driftCounts, partition: 0, records: counts });
  return { emit, commit: records[records.length - 1]!.offset + 1, outcomes };
}

function scoreRecords(
  ports: ScorerPorts,
  batch: Batch,
  scores: readonly ChurnScore[],
  sources: readonly SourceRecord[],
): OutputRecord[] {
  const source = `/bankchurn/${batch.topic}`;
  return scores.map((score, i) => {
    const headers: Record<string, Buffer | string> = {
      ce_specversion: '1.0',
      ce_type: 'bankchurn.ChurnScore',
      ce_source: source,
      ce_id: score.scoreId,
      'content-type': ports.contentType,
    };
    const trace = sources[i]!.headers['traceparent'];
    if (trace !== undefined)
      headers['traceparent'] = Array.isArray(trace) ? (trace[0] as Buffer) : (trace as Buffer);
    return { key: score.customerId, value: ports.encodeScore(score), headers };
  });
}

const counters = new WeakMap<Model, CountEvents>();

/** What the batch adds to the drift counts: committed with its scores, so nothing is counted twice or lost. */
function countRecord(
  ports: ScorerPorts,
  { model, activation }: ServingModel,
  { topic, partition, records }: Batch,
  events: readonly CustomerEvent[],
  scores: readonly ChurnScore[],
  outputs: Float32Array,
): OutputRecord {
  const { manifest } = model;
  let counter = counters.get(model);
  if (counter === undefined) counters.set(model, (counter = createCounter(manifest)));
  const counts: DriftCounts = {
    modelSha256: manifest.sha256,
    activation,
    sourceTopic: topic,
    sourcePartition: partition,
    firstOffset: records[0]!.offset,
    lastOffset: records[records.length - 1]!.offset,
    maxTimestamp: records.reduce((latest, { timestampMs }) => Math.max(latest, timestampMs), 0),
    events: events.length,
    series: counter(
      events,
      scores.map(({ churnProbability }) => churnProbability),
      outputs,
    ),
  };
  return { key: manifest.sha256, value: ports.encodeCounts(counts) };
}

/** The offset after the one that a score or dead letter of a partition was made from; undefined where it was not made from there. */
export function sourceEnd(topic: string, partition: number, { headers }: SourceRecord): number | undefined {
  const text = (name: string): string => String(headers[name] ?? '');
  // A dead letter keeps the headers of its record, and those may have a `ce_id` of their own.
  const isDeadLetter = text('source-offset') !== '';
  const id = isDeadLetter
    ? `${text('source-topic')}/${text('source-partition')}/${text('source-offset')}`
    : text('ce_id');
  const prefix = `${topic}/${String(partition)}/`;
  const offset = id.startsWith(prefix) ? id.slice(prefix.length) : '';
  return /^\d+$/.test(offset) ? Number(offset) + 1 : undefined;
}

/** The dead letter of a record: its bytes and headers as they came, and why and whence in headers of our own. */
export function deadLetter(batch: Batch, record: SourceRecord, poison: Poison): OutputRecord {
  const origin: Record<string, string> = {
    'error-code': poison.code satisfies ErrorCode,
    'error-message': poison.message.slice(0, MAX_MESSAGE),
    'source-topic': batch.topic,
    'source-partition': String(batch.partition),
    'source-offset': String(record.offset),
  };
  const headers: RecordHeaders = Object.assign(Object.create(null) as object, record.headers, origin);
  return { key: record.key, value: record.value, headers };
}
