/**
 * `make bench`: what the parts of one event cost, as ratios in one run, and the whole on a real broker: exactly-once,
 * at-least-once, and the client library passing records through. Figures of one machine are not comparable with another's.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bench } from 'tinybench';
import { packageRoot, openContext, readConfig, say, type Context } from '../cli/context.ts';
import { startEmbedded } from '../cli/embedded/embedded.io.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { eventEncoder, type EventFormat } from '../cli/encoders.ts';
import { startService } from '../cli/service-process.io.ts';
import { prepareTopics } from '../cli/topics.ts';
import { createFeatureRowEncoder, featureColumns } from '../models/feature-row.ts';
import { passThrough } from '../kafka/kafkajs/pass-through.fixture.ts';
import { createAvroEncoder, compileWriter } from '../schemas/avro.ts';
import { BANK_AVRO, EVENT } from '../schemas/customer/bank.fixture.ts';
import { SCHEMAS } from '../schemas/generated.ts';
import { decodeJson } from '../schemas/json.ts';
import { loadModel } from '../scoring/load-model.io.ts';
import { customers } from './customers.ts';
import { models } from './models.ts';
import { scorePath } from './score-path.ts';
import { scrapers } from './scrapers.ts';
import { wide } from './wide.ts';

const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 120_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const BATCH = 512;

async function parts(): Promise<void> {
  const model = await loadModel(join(packageRoot(), 'models/champion'));
  const events = [...simulateEvents(BATCH, 1, 'b-')].map(({ event }) => event);
  const requests = events.map((event, i) => ({ event, scoreId: `customer-events/0/${String(i)}` }));
  const scores = await model.score(requests);
  const json = events.map((event) => Buffer.from(JSON.stringify(event)));
  const avroEvent = createAvroEncoder(BANK_AVRO, 1);
  const avroScore = createAvroEncoder(SCHEMAS.ChurnScore, 2);
  const avro = events.map((event) => avroEvent(event));
  const decodeAvro = compileWriter(BANK_AVRO, EVENT);
  if (typeof decodeAvro !== 'function') throw new Error(decodeAvro.message);
  const encode = createFeatureRowEncoder(model.manifest.features);
  const columns = featureColumns(model.manifest.features, events);
  const rows = new Float32Array(BATCH * model.manifest.columns);
  const unknown = new Map<string, number>();
  const bench = new Bench({ time: 500 });
  bench
    .add('score a batch (feature rows, ONNX, reasons)', async () => {
      await model.score(requests);
    })
    .add('feature rows', () => encode(columns, 0, BATCH, rows))
    .add('decode JSON events', () => json.forEach((value) => decodeJson(value, EVENT.read, unknown)))
    .add('decode Avro events', () => avro.forEach((value) => decodeAvro(value, EVENT.read, unknown)))
    .add('encode JSON scores', () => scores.forEach((score) => Buffer.from(JSON.stringify(score))))
    .add('encode Avro scores', () => scores.forEach((score) => avroScore(score)));
  await bench.run();
  const times = bench.tasks.map(({ name, result }) => ({
    name,
    us: ((result as { latency: { p50: number } }).latency.p50 * 1000) / BATCH,
  }));
  const base = times[0]!.us;
  console.log('\npart, per event (median)                            µs     ratio');
  for (const { name, us } of times)
    console.log(`${name.padEnd(48)} ${us.toFixed(2).padStart(6)}    ${(us / base).toFixed(2)}`);
  await model.close();
}

interface Arrangement {
  readonly name: string;
  readonly format: EventFormat;
  /** undefined: the client library alone, consuming and producing the same records. */
  readonly delivery: 'exactly-once' | 'at-least-once' | undefined;
}

const ARRANGEMENTS: readonly Arrangement[] = [
  { name: 'client library passing JSON through (no transactions)', format: 'json', delivery: undefined },
  { name: 'BankChurn, exactly-once, JSON', format: 'json', delivery: 'exactly-once' },
  { name: 'BankChurn, at-least-once, JSON', format: 'json', delivery: 'at-least-once' },
  { name: 'BankChurn, exactly-once, Avro', format: 'avro', delivery: 'exactly-once' },
  { name: 'BankChurn, at-least-once, Avro', format: 'avro', delivery: 'at-least-once' },
];

/** Events waiting in the topic, then the clock runs until the last output is readable. */
async function throughput(
  { format, delivery }: Arrangement,
  brokers: string,
  registryUrl: string,
): Promise<number> {
  const env: Record<string, string> = {
    KAFKA_BROKERS: brokers,
    SCHEMA_REGISTRY_URL: format === 'avro' ? registryUrl : '',
    TOPIC_PREFIX: `b${randomBytes(4).toString('hex')}.`,
    DELIVERY: delivery ?? 'at-least-once',
    LOG_LEVEL: 'INFO',
  };
  const context = openContext(readConfig({ config: join(packageRoot(), 'configs/config.yaml') }, env));
  await prepareTopics(context);
  await fill(context, format);
  const stop = delivery === undefined ? await passThroughAll(context) : (await startService(env)).stop;
  const seconds = await firstToLast(context);
  await stop();
  context.registry?.close();
  return EVENTS / seconds;
}

async function fill(context: Context, format: EventFormat): Promise<void> {
  const producer = await context.kafka.openProducer();
  const encode = await eventEncoder(context, format);
  let chunk: { key: string; value: Buffer | string }[] = [];
  for (const { event } of simulateEvents(EVENTS, 1, 'b-')) {
    chunk.push({ key: event.customerId, value: encode(event) });
    if (chunk.length < 1000) continue;
    await producer.send(context.config.topics.names.customerEvents, chunk);
    chunk = [];
  }
  if (chunk.length > 0) await producer.send(context.config.topics.names.customerEvents, chunk);
  await producer.close();
}

/** Time from the first output offset to the last, by the end offsets of the partitions (nothing is read here). */
async function firstToLast({ kafka, config }: Context): Promise<number> {
  const { customerEvents, churnScores } = config.topics.names;
  return kafka.administer(async (admin) => {
    const committed = async (): Promise<number> =>
      [...(await admin.committedOffsets(config.group, customerEvents)).values()].reduce(
        (sum, { offset }) => sum + offset,
        0,
      );
    const written = async (): Promise<number> =>
      (await admin.offsetBounds(churnScores)).reduce((sum, { to }) => sum + to, 0);
    while ((await written()) === 0) await sleep(5);
    const begun = performance.now();
    while ((await committed()) < EVENTS) await sleep(20);
    return (performance.now() - begun) / 1000;
  });
}

function passThroughAll({ config }: Context): Promise<() => Promise<void>> {
  const { customerEvents, churnScores } = config.topics.names;
  return passThrough(config.kafka.brokers.join(), config.group, customerEvents, churnScores);
}

async function whole(): Promise<void> {
  const embedded = await startEmbedded({ onProgress: say });
  try {
    const results = ARRANGEMENTS.map((arrangement) => ({ arrangement, rates: [] as number[] }));
    for (let round = 0; round < ROUNDS; round++) {
      for (const { arrangement, rates } of results) {
        rates.push(await throughput(arrangement, embedded.brokers, embedded.registryUrl ?? ''));
        say(`${arrangement.name}: ${rates[rates.length - 1]!.toFixed(0)} events/s`);
      }
    }
    const median = (values: readonly number[]): number =>
      [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
    const base = median(results[0]!.rates);
    console.log(
      `\none worker, 6 partitions, ${String(EVENTS)} events waiting, median of ${String(ROUNDS)}       events/s   ratio`,
    );
    for (const { arrangement, rates } of results) {
      console.log(
        `${arrangement.name.padEnd(66)} ${median(rates).toFixed(0).padStart(7)}   ${(median(rates) / base).toFixed(2)}`,
      );
    }
  } finally {
    await embedded.stop();
  }
}

const sections = { models, customers, wide, parts, path: scorePath, whole, scrapers };
const named = process.argv.slice(2);
for (const [name, measure] of Object.entries(sections))
  if (named.length === 0 || named.includes(name)) await measure();
process.exit(0);
