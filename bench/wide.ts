/** What a model of 500 inputs (2,000 columns) costs beside one of ten: a fit, its files, scores with reasons, drift counts. */
import { createCounter } from '../drift/counts.ts';
import { columnsOf, featureRows } from '../models/feature-row.ts';
import { manifestBytes } from '../models/limits.ts';
import { columnsOfEvents, createColumns } from '../schemas/customer/columns.ts';
import { createEventReader, type EventReader } from '../schemas/customer/event-reader.ts';
import { decodeJson } from '../schemas/json.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { openModel } from '../scoring/model.ts';
import { assemble, explainFeatures } from '../training/assemble.ts';
import { DEFAULT_PARAMETERS, fitEnsemble, predictMargins } from '../training/boosting.ts';
import { evaluate } from '../training/evaluation.ts';
import { featureSpecs } from '../training/features.ts';
import { splitDataset } from '../training/split.ts';
import { inventWide, WIDEST, wideSchema, type Shape } from '../training/wide.fixture.ts';

const ROWS = 10_000;
const BATCH = 512;
const SECONDS = 1;

const SHAPES: readonly Shape[] = [{ numbers: 8, categories: 2, levels: 3 }, WIDEST];

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Times that `run` is done per CPU second, × BATCH. */
async function rate(run: () => unknown): Promise<number> {
  await run();
  const begun = cpuSeconds();
  let runs = 0;
  for (; cpuSeconds() - begun < SECONDS; runs++) await run();
  return (runs * BATCH) / (cpuSeconds() - begun);
}

/** A batch of JSON events into columns, as the scorer reads them. */
function decodeAll(reader: EventReader, json: readonly Buffer[]): void {
  const unknown = new Map<string, number>();
  const columns = createColumns(reader.schema, json.length);
  for (const text of json)
    decodeJson(text, (raw, source) => reader.readInto(raw, source, columns) ?? 0, unknown);
}

/** Figures of one shape by what they are. */
async function measure(shape: Shape): Promise<Map<string, number>> {
  const customer = wideSchema(shape);
  const dataset = inventWide(ROWS, shape);
  const features = featureSpecs(customer, dataset.events);
  const columns = columnsOf(features);
  const x = featureRows(features, dataset.events);
  const begun = cpuSeconds();
  const ensemble = fitEnsemble({ x, y: dataset.labels, columns }, DEFAULT_PARAMETERS);
  const fitSeconds = cpuSeconds() - begun;
  const explained = explainFeatures(ensemble, features);
  const scores = Array.from(predictMargins(ensemble, x), (margin) => 1 / (1 + Math.exp(-margin)));
  const release = assemble({
    ...{ customer, dataset, split: splitDataset(dataset, 42), features, ensemble, explained, scores },
    ...{ parameters: DEFAULT_PARAMETERS, resampling: 'none', threshold: 0.5, events: dataset.events },
    evaluation: evaluate(Float64Array.from(scores), dataset.labels, 0.5),
  });
  const model = await openModel(release, createSession);
  const session = await createSession(release.onnx);
  const rows = x.subarray(0, BATCH * columns);
  const events = dataset.events.slice(0, BATCH);
  const requests = events.map((event, i) => ({ event, scoreId: `customer-events/0/${String(i)}` }));
  const json = events.map((event) => Buffer.from(JSON.stringify(event)));
  const reader = createEventReader(customer);
  const count = createCounter(release.manifest);
  const inColumns = columnsOfEvents(customer, events);
  const outputs = await session.run(rows, BATCH);
  const probabilities = Float64Array.from(scores.slice(0, BATCH));
  const found = new Map([
    ['inputs', features.length],
    ['columns', columns],
    [`one fit, ${String(ROWS)} rows, CPU s`, fitSeconds],
    ['model.onnx, bytes', release.onnx.length],
    ['golden.json, bytes', release.golden.length],
    ['manifest in the model log, bytes', manifestBytes(release.manifest)],
    ['one event as JSON, bytes', json[0]!.length],
    ['drift counts of a transaction, JSON bytes', Buffer.byteLength(JSON.stringify(count(inColumns, probabilities, outputs)))],
    ['ONNX with reasons, rows per CPU s', await rate(() => session.run(rows, BATCH))],
    ['events to scores with reasons, per CPU s', await rate(() => model.score(requests))],
    ['JSON to columns of events, per CPU s', await rate(() => decodeAll(reader, json))],
    ['drift counts, events per CPU s', await rate(() => count(inColumns, probabilities, outputs))],
  ]); // prettier-ignore
  await session.close();
  await model.close();
  return found;
}

export async function wide(): Promise<void> {
  const [narrow, widest] = [await measure(SHAPES[0]!), await measure(SHAPES[1]!)];
  console.log('\na wide model, batches of 512, one thread'.padEnd(72), 'ten inputs   500 inputs');
  for (const [what, value] of narrow) {
    const text = [value, widest.get(what)!].map((n) => n.toFixed(n < 100 && !Number.isInteger(n) ? 2 : 0));
    console.log(what.padEnd(70), text[0]!.padStart(12), text[1]!.padStart(12));
  }
}
