/** A model as wide as the limits allow (500 inputs, 2,000 columns): from labelled rows to a verdict, in memory. */
import { expect, test } from 'vitest';
import { createCounter } from '../drift/counts.ts';
import { countCustomers } from '../drift/customers.ts';
import { initialState, takeCounts } from '../drift/monitor.ts';
import { RULE as SHORT } from '../drift/rule.fixture.ts';
import { artifactChunks, assembleRelease } from '../models/artifacts.ts';
import { LIMITS } from '../models/limits.ts';
import { changeRecords } from '../models/log-records.ts';
import { EMPTY_LOG, foldRecord } from '../models/log.ts';
import { MAX_SCHEMA_TEXT, readSchema } from '../schemas/avro-schema.ts';
import { customerEventAvro } from '../schemas/customer/avro.ts';
import { columnsOfEvents } from '../schemas/customer/columns.ts';
import { createEventReader } from '../schemas/customer/event-reader.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { isPoison } from '../schemas/event.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { openModel } from '../scoring/model.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import { examine } from '../training/examine.ts';
import { gateRules } from '../training/gate.ts';
import { runTraining } from '../training/run.ts';
import { splitDataset } from '../training/split.ts';
import { inventWide, WIDEST, wideSchema } from '../training/wide.fixture.ts';

const ROWS = 1500;
const EVENTS = 400;
const RULE = { ...SHORT, paneEvents: 200, windowPanes: 1, minEvents: 200 };

test('500 inputs, 2,000 columns: trained, proven, in the log, scored with reasons, drift found', async () => {
  const customer = wideSchema(WIDEST);
  const dataset = inventWide(ROWS, WIDEST);
  const split = splitDataset(dataset, 42);
  const examination = examine(dataset, split, customer);
  const task = { customer, dataset, split, examination, gate: gateRules(customer, null), seed: 42 };
  const { release } = runTraining(task, { parameters: { rounds: 3 } });
  const { manifest } = release;
  expect([manifest.features.length, manifest.columns]).toEqual([500, 2000]);

  // The model log takes it, and gives it back.
  const chunks = artifactChunks(release, 1_000_000);
  const artifact = { offset: 0, chunks: chunks.length };
  const change = { kinds: ['ACTIVATION' as const], release: true, version: manifest.version, sha256: manifest.sha256, reason: '' }; // prettier-ignore
  const brought = { manifest: JSON.stringify(manifest), artifact };
  const records = changeRecords(change, { origin: 'GATE', actor: 'test', recordedAt: 1, brought });
  expect(Buffer.byteLength(JSON.stringify(records[0]))).toBeLessThan(1_000_000);
  const log = records.reduce((state, record, offset) => foldRecord(state, offset, record), EMPTY_LOG);
  expect([log.releases.length, log.skipped.size]).toEqual([1, 0]);
  const bytes = Buffer.concat(chunks.map(({ value }) => value as Buffer));
  const received = assembleRelease(log.releases[0]!, bytes);
  await proveRelease(received);

  const model = await openModel(received, createSession);
  const reader = createEventReader(customer);
  const read = (event: CustomerEvent): CustomerEvent => {
    const found = reader.read(JSON.parse(JSON.stringify(event)));
    if (isPoison(found)) throw new Error(found.message);
    return found;
  };
  const count = createCounter(manifest);
  /** One transaction of scores; its largest contributions, and its counts. */
  const score = async (events: readonly CustomerEvent[]) => {
    const columns = columnsOfEvents(customer, events);
    const { outputs, probabilities } = await model.evaluate(columns);
    const scores = await model.score(events.map((event, i) => ({ event, scoreId: `t/0/${String(i)}` })));
    scores.forEach(({ reasons, churnProbability }, row) => {
      const [margin, ...contributions] = outputs.subarray(row * 501, (row + 1) * 501);
      const sum = contributions.reduce((a, b) => a + b, manifest.baseMargin);
      expect(Math.abs(sum - margin!)).toBeLessThan(1e-4);
      expect(churnProbability).toBe(1 / (1 + Math.exp(-margin!)));
      const order = contributions.map((value, i) => ({ feature: manifest.features[i]!.name, contribution: value }));
      order.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
      expect(reasons).toEqual(order.slice(0, 3));
    });
    const customers = Array.from(countCustomers(columns.customerId, events.length));
    return { series: count(columns, probabilities, outputs), customers };
  }; // prettier-ignore

  const usual = inventWide(EVENTS, WIDEST, 2).events.map(read);
  const drifted = usual.map((event) => ({ ...event, number400: 9, category59: 'another level' }));
  const verdicts = [];
  let state = initialState(manifest.sha256, 1);
  for (const [i, events] of [usual, drifted].entries()) {
    const { series, customers } = await score(events);
    expect(series).toHaveLength(501);
    const counts = {
      modelSha256: manifest.sha256, activation: 1, sourceTopic: 't', sourcePartition: 0, maxTimestamp: 1,
      firstOffset: i * EVENTS, lastOffset: (i + 1) * EVENTS - 1, events: EVENTS, series, customers,
    }; // prettier-ignore
    expect(Buffer.byteLength(JSON.stringify(counts))).toBeLessThan(LIMITS.verdictBytes / 4);
    const step = takeCounts(state, counts, i, manifest.profile, RULE);
    state = step.state;
    verdicts.push(step.verdict!);
  }
  await model.close();
  expect(verdicts.map(({ drifted: isDrifted }) => isDrifted)).toEqual([false, true]);
  const largest = [...verdicts[1]!.psi].sort((a, b) => b.psi - a.psi).slice(0, 2);
  expect(largest.map(({ name }) => name).sort()).toEqual(['category59', 'number400']);
});

test('the Avro schema of 500 inputs, each with the longest sentence, is one that we read', () => {
  const { inputs } = wideSchema(WIDEST);
  const doc = 'x'.repeat(500);
  const text = JSON.stringify(customerEventAvro({ inputs: inputs.map((input) => ({ ...input, doc })) }));
  expect(text.length).toBeLessThan(MAX_SCHEMA_TEXT);
  expect(readSchema(JSON.parse(text))).toMatchObject({ kind: 'record', name: 'CustomerEvent' });
});
