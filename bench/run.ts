/**
 * `make bench`: what the parts of one event cost, as ratios in one run, and the whole on a real broker. Figures of one machine are
 * not comparable with another's.
 */
import { join } from 'node:path';
import { Bench } from 'tinybench';
import { packageRoot } from '../cli/context.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { createFeatureRowEncoder, featureColumns } from '../models/feature-row.ts';
import { createAvroEncoder, compileWriter } from '../schemas/avro.ts';
import { BANK_AVRO, EVENT } from '../schemas/customer/bank.fixture.ts';
import { SCHEMAS } from '../schemas/generated.ts';
import { decodeJson } from '../schemas/json.ts';
import { loadModel } from '../scoring/load-model.io.ts';
import { arrangements } from './arrangements.ts';
import { customers } from './customers.ts';
import { driftLoops } from './drift-flapping.ts';
import { driftRules } from './drift-rules.ts';
import { gateDecisions } from './gate-decisions.ts';
import { latency } from './latency.ts';
import { models } from './models.ts';
import { partitions } from './partitions.ts';
import { scorePath } from './score-path.ts';
import { scrapers } from './scrapers.ts';
import { wide } from './wide.ts';

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

const sections = {
  models,
  customers,
  wide,
  parts,
  path: scorePath,
  arrangements,
  latency,
  partitions,
  scrapers,
  drift: driftRules,
  flapping: driftLoops,
  gate: gateDecisions,
};
const named = process.argv.slice(2);
for (const [name, measure] of Object.entries(sections))
  if (named.length === 0 || named.includes(name)) await measure();
process.exit(0);
