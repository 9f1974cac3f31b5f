/** The whole loop on real Kafka, the trainer killed in the middle of a training; a gate that says no. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readScore } from '../cli/consume.ts';
import { packageRoot } from '../cli/context.ts';
import { watchDrift, type DriftWatch } from '../cli/demo-drift.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';
import type { ServiceProcess } from '../cli/service-process.io.ts';
import { decideByOperator } from '../models/log-decisions.ts';
import { lineOf } from '../models/log-history.ts';
import { createSimulator } from '../producers/simulator.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { collect, createWorld, produceRaw, settled, type World } from './world.ts';

const CALM = 2000;
const DRIFTED = 8000;
const calm = [...simulateEvents(CALM, 1, 'calm-')];
const after = [...simulateEvents(500, 9, 'after-', { name: 'new-product', overEvents: 0 })];
const drifted = (seed: number): SourcedEvent[] => [
  ...simulateEvents(DRIFTED, seed, `new-${String(seed)}-`, { name: 'new-product', overEvents: 0 }),
];

/** Sends events as a stream that lasts, 2,000 a second at most: drift has a beginning in time. */
async function send(world: World, some: readonly SourcedEvent[]): Promise<void> {
  for (let from = 0; from < some.length; from += 1000) {
    const part = some.slice(from, from + 1000);
    await produceRaw(
      world,
      part.map(({ event }) => ({ key: event.customerId, value: JSON.stringify(event) })),
    );
    await sleep(500);
  }
}
const sendOutcomes = (world: World, some: readonly SourcedEvent[]): Promise<void> =>
  produceRaw(
    world,
    some.map(({ event: { eventId, customerId }, churned }) => ({
      key: customerId,
      value: JSON.stringify({
        outcomeId: `o-${eventId}`,
        customerId,
        eventId,
        churned,
        observedAt: Date.now(),
      }),
    })),
    'customerOutcomes',
  );

/** What was added to the model log for a request. */
const answers = ({ models }: DriftWatch, requestId: string | undefined): string[] =>
  models
    .filter((record) => record.requestId !== null && record.requestId === requestId)
    .map(({ kind, origin }) => `${kind} ${origin}`);

const version = async ({ port }: ServiceProcess): Promise<unknown> =>
  ((await (await fetch(`http://127.0.0.1:${String(port)}/health`)).json()) as { model_version: unknown })
    .model_version;

async function open(): Promise<{ world: World; watch: DriftWatch }> {
  const world = await createWorld();
  const watch = await watchDrift(world.context);
  onTestFinished(() => watch.close());
  return { world, watch };
}

test(
  'drift, deferral, labels, the trainer killed while it trains: one release, one activation, scores once; a hold after a rollback',
  { timeout: 300_000 },
  async () => {
    const { world, watch } = await open();
    const out = await collect(world);
    const service = await world.start({}, ['scorer', 'monitor']);
    let trainer = await world.start({}, ['trainer']);
    const first = drifted(2);
    await send(world, [...calm, ...first]);
    await settled(() => watch.requests.length > 0, 'a retrain event', 60_000, 0);
    const [request] = watch.requests;
    await settled(() => answers(watch, request?.requestId).length > 0, 'a deferral', 60_000, 0);

    await sendOutcomes(world, first);
    // It looks for labels again after 5, 10, 20, 40 s: they may come just after one of these.
    await settled(() => trainer.tail().includes('training a challenger'), 'a training', 100_000, 0);
    await trainer.kill();
    expect(answers(watch, request?.requestId)).toEqual(['DEFERRAL GATE']);
    trainer = await world.start({}, ['trainer']);
    await settled(() => answers(watch, request?.requestId).length >= 3, 'the answer', 90_000, 4000);
    expect(answers(watch, request?.requestId)).toEqual(['DEFERRAL GATE', 'RELEASE GATE', 'ACTIVATION GATE']);
    const promoted = watch.models.findLast(({ kind }) => kind === 'ACTIVATION')!;
    expect(promoted.reason).toMatch(
      /\d+ recent labels .* ROC AUC on them 0\.\d+ against the champion's 0\.\d+/,
    );
    await vi.waitFor(async () => expect(await version(service)).toBe(promoted.modelVersion), 30_000);
    expect(watch.requests).toHaveLength(1);

    await send(world, after);
    await settled(
      () => out.scores.length >= CALM + DRIFTED + after.length,
      'scores of the challenger',
      60_000,
      0,
    );

    // A rollback holds challengers back: the next one is released and does not serve.
    await modelLogOf(world.context).write(
      (log) => decideByOperator(lineOf(log).at(-2)!, true, undefined),
      'OPERATOR',
    );
    const second = drifted(3);
    await send(world, second);
    await sendOutcomes(world, second);
    await settled(() => watch.requests.length > 1, 'a retrain event of the new activation', 60_000, 0);
    const held = watch.requests[1]?.requestId;
    await settled(() => answers(watch, held).includes('RELEASE GATE'), 'a release', 90_000, 4000);
    expect(answers(watch, held).filter((answer) => answer !== 'DEFERRAL GATE')).toEqual(['RELEASE GATE']);
    expect(await version(service)).toBe(request?.modelVersion);

    const sent = CALM + 2 * DRIFTED + after.length;
    await settled(() => out.scores.length >= sent, 'all scores', 60_000);
    const scores = await Promise.all(out.scores.map((record) => readScore(record, world.context.registry)));
    expect(scores).toHaveLength(sent);
    expect(new Set(scores.map(({ eventId }) => eventId)).size).toBe(sent);
    expect(new Set(scores.map(({ modelVersion }) => modelVersion))).toEqual(
      new Set([request?.modelVersion, promoted.modelVersion]),
    );
  },
);

test(
  'a challenger below the gate on the base set is rejected, with its figures; the champion stays',
  { timeout: 150_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bankchurn-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const configFile = join(folder, 'config.yaml');
    const config = await readFile(join(packageRoot(), 'configs/config.yaml'), 'utf8');
    const baseCsv = join(folder, 'base.csv');
    const changed = config
      .replace('baseCsv: null', `baseCsv: ${baseCsv}`)
      .replace('onBaseHoldout: warn', 'onBaseHoldout: reject');
    await writeFile(configFile, changed);
    await writeFile(baseCsv, coinTossed(3000));

    const { world, watch } = await open();
    const service = await world.start({}, ['scorer', 'monitor']);
    await world.start({}, ['trainer'], configFile);
    const some = drifted(4);
    await send(world, [...calm, ...some]);
    await sendOutcomes(world, some);
    await settled(() => watch.requests.length > 0, 'a retrain event', 60_000, 0);
    const [request] = watch.requests;
    await settled(
      () => answers(watch, request?.requestId).includes('REJECTION GATE'),
      'a rejection',
      90_000,
      3000,
    );
    expect(watch.models.findLast(({ requestId }) => requestId !== null)?.reason).toMatch(
      /FAILED: on the base holdout \(600 rows\): weighted F1 0\.\d+ \(above 0\.80\)/,
    );
    expect(watch.models.filter(({ kind }) => kind === 'ACTIVATION')).toHaveLength(1);
    expect(await version(service)).toBe(request?.modelVersion);
  },
);

/** Customers of whom half left, whatever they are like: no model can learn that. */
function coinTossed(rows: number): string {
  const next = createSimulator({ seed: 5, startMs: 0, stepMs: 1, idPrefix: 'b-' });
  const lines = Array.from({ length: rows }, (_, i) => {
    const { event } = next();
    const { creditScore, geography, gender, age, tenure, balance, numOfProducts, estimatedSalary } = event;
    const flags = [Number(event.hasCrCard), Number(event.isActiveMember)];
    return [creditScore, geography, gender, age, tenure, balance, numOfProducts, ...flags, estimatedSalary, i % 2].join(); // prettier-ignore
  });
  const header =
    'CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary,Exited';
  return [header, ...lines].join('\n');
}
