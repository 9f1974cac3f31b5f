import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { featureRows } from '../models/feature-row.ts';
import { withVersion } from '../models/version.ts';
import { parseGolden } from '../models/golden.ts';
import { manifestSchema } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { createSimulator } from '../producers/simulator.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { loadModel } from '../scoring/load-model.io.ts';
import { openModel } from '../scoring/model.ts';
import { TrainingCancelled } from './boosting.ts';
import type { Dataset } from './dataset.ts';
import { rocAuc } from './evaluation.ts';
import { reportHoldout } from './holdout-report.ts';
import { metricsFile } from './metrics-file.ts';
import { modelCard } from './model-card.ts';
import { readRealDataset } from './real-data.fixture.ts';
import { RESAMPLING_STRATEGIES } from './resampling.ts';
import { splitDataset } from './split.ts';
import { trainRelease } from './train.ts';

function simulate(n: number, seed: number): Dataset {
  const next = createSimulator({ seed, startMs: 0, stepMs: 1, idPrefix: '' });
  const customers = Array.from({ length: n }, next);
  return {
    name: 'simulated',
    sha256: '00',
    events: customers.map(({ event }) => event),
    labels: Uint8Array.from(customers, ({ churned }) => Number(churned)),
    rowNumbers: customers.map((_, i) => i + 1),
  };
}

const simulated = simulate(4000, 1);
const split = splitDataset(simulated, 42);
const result = trainRelease(simulated, split, { customer: BANK });

async function aucOf(release: typeof result.release, dataset: Dataset): Promise<number> {
  const model = await openModel(release, createSession);
  const scores = await model.score(dataset.events.map((event) => ({ event, scoreId: 't/0/0' })));
  await model.close();
  return rocAuc(scores.map(({ churnProbability }) => churnProbability), dataset.labels); // prettier-ignore
}

describe('trainRelease', () => {
  it('gives the same release for the same data, parameters and seed', () => {
    expect(trainRelease(simulated, split, { customer: BANK })).toEqual(result);
    const other = trainRelease(simulated, split, { customer: BANK, parameters: { seed: 43 } });
    expect(other.release.manifest.sha256).not.toBe(result.release.manifest.sha256);
  });

  it('fulfils the manifest’s schema, named by its content', () => {
    const { manifest, onnx } = result.release;
    expect(manifestSchema.parse(manifest)).toEqual(manifest);
    expect(manifest.version).toMatch(/^simulated-[0-9a-f]{8}$/);
    expect(withVersion(manifest)).toEqual(manifest);
    expect(withVersion({ ...manifest, threshold: 0.9 }).version).not.toBe(manifest.version);
    expect(manifest.sizeBytes).toBe(onnx.length);
    expect(manifest.columns).toBe(13);
    expect(manifest.features.map(({ name }) => name).join()).toBe(
      'creditScore,geography,gender,age,tenure,balance,numOfProducts,hasCrCard,isActiveMember,estimatedSalary',
    );
    expect(manifest.features[1]).toEqual({
      name: 'geography',
      kind: 'categorical',
      categories: ['France', 'Germany', 'Spain'],
    });
    for (const series of [...manifest.profile.features, manifest.profile.score]) {
      expect(series.counts.reduce((a, b) => a + b)).toBe(split.train.length);
    }
  });

  it('can be opened: its golden rows come out of ONNX Runtime as recorded', async () => {
    await (await openModel(result.release, createSession)).close();
  });

  it('has scores that are calibrated and a threshold that the holdout did not choose', () => {
    expect(result.evaluation.ece).toBeLessThan(0.05);
    const flipped = { ...simulated, labels: simulated.labels.slice() };
    for (const position of split.holdout) flipped.labels[position] = 1 - flipped.labels[position]!;
    const { release } = trainRelease(flipped, split, { customer: BANK });
    expect(release.manifest.threshold).toBe(result.release.manifest.threshold);
    expect(release.manifest.sha256).toBe(result.release.manifest.sha256);
  });

  it.each(RESAMPLING_STRATEGIES)('trains with resampling %s and says so', (resampling) => {
    const { release, evaluation } = trainRelease(simulated, split, {
      customer: BANK,
      resampling,
      parameters: { rounds: 20 },
    });
    expect(release.manifest.training.resampling).toBe(resampling);
    expect(evaluation.roc_auc).toBeGreaterThan(0.8);
  });

  it('tells how far it is', () => {
    const told: string[] = [];
    trainRelease(simulated, split, {
      customer: BANK,
      parameters: { rounds: 2 },
      onProgress: (stage, share) => told.push(`${stage} ${String(share)}`),
    });
    expect(told).toEqual([
      'fit 0.5',
      'fit 1',
      ...[1, 2, 3, 4, 5].map((i) => `threshold ${String(i / 5)}`),
      'export 0',
      'export 1',
    ]);
  });

  it('can be called off between rounds', () => {
    let rounds = 0;
    const isCancelled = (): boolean => ++rounds > 70; // in the fits that choose the threshold
    expect(() => trainRelease(simulated, split, { customer: BANK, isCancelled })).toThrow(TrainingCancelled);
    expect(rounds).toBe(71);
  });

  it('chooses the threshold on five folds, on one of more than 100,000 rows', () => {
    const stages: string[] = [];
    const many = simulate(130_000, 3);
    trainRelease(many, splitDataset(many, 1), {
      customer: BANK,
      parameters: { rounds: 2, depth: 2 },
      onProgress: (stage, share) => stages.push(`${stage} ${String(share)}`),
    });
    expect(stages.filter((stage) => stage.startsWith('threshold'))).toEqual(['threshold 1']);
  });

  it('trains where a column is missing altogether', async () => {
    const events = simulated.events.map((event): CustomerEvent => ({ ...event, tenure: null }));
    const { release } = trainRelease({ ...simulated, events }, split, {
      customer: BANK,
      parameters: { rounds: 10 },
    });
    await (await openModel(release, createSession)).close();
  });
});

const real = await readRealDataset();
describe.skipIf(real === undefined)('the champion and the bank’s set', () => {
  it('is what training gives today, byte for byte, and good enough', async () => {
    const { release, evaluation, holdout } = trainRelease(real!, splitDataset(real!, 42), { customer: BANK });
    expect(release).toEqual(
      await readRelease('models/champion').then(({ onnx, ...rest }) => ({
        ...rest,
        onnx: new Uint8Array(onnx),
      })),
    );
    const { manifest } = release;
    const report = reportHoldout(holdout, BANK, evaluation.threshold, 42);
    expect(metricsFile({ manifest, evaluation, report, gate: BANK.gate })).toBe(
      await readFile('models/metrics.json', 'utf8'),
    );
    for (const [path, text] of modelCard({ manifest, evaluation, report, gate: BANK.gate }))
      expect(text).toBe(await readFile(`models/champion/${path}`, 'utf8'));
    expect(evaluation.roc_auc).toBeGreaterThanOrEqual(0.868);
    expect(evaluation.pr_auc).toBeGreaterThanOrEqual(0.715);
    expect(evaluation.f1_churn).toBeGreaterThanOrEqual(0.62);
    expect(evaluation.f1_weighted).toBeGreaterThan(0.8);
    expect(evaluation.brier).toBeLessThanOrEqual(0.1);
    expect(evaluation.ece).toBeLessThanOrEqual(0.02);
  });

  it('ranks simulated customers, and a model of simulated customers ranks the bank’s', async () => {
    const champion = await readRelease('models/champion');
    expect(await aucOf(champion, simulate(10_000, 7))).toBeGreaterThan(0.84);
    const ofSimulated = trainRelease(simulate(10_000, 7), splitDataset(simulate(10_000, 7), 42), {
      customer: BANK,
    }).release;
    expect(await aucOf(ofSimulated, real!)).toBeGreaterThan(0.84);
  });

  it('has contributions that sum to margin − base margin for every customer', async () => {
    const { manifest, onnx } = await readRelease('models/champion');
    const session = await createSession(onnx);
    const x = featureRows(manifest.features, real!.events);
    const outputs = await session.run(x, real!.events.length);
    let worst = 0;
    for (let at = 0; at < outputs.length; at += session.outputs) {
      const sum = outputs.subarray(at + 1, at + session.outputs).reduce((a, b) => a + b, 0);
      worst = Math.max(worst, Math.abs(sum - (outputs[at]! - manifest.baseMargin)));
    }
    await session.close();
    expect(worst).toBeLessThan(1e-5);
  });

  it('has no customer among its golden rows', async () => {
    const { manifest, golden } = await readRelease('models/champion');
    const { columns } = manifest;
    const rows = featureRows(manifest.features, real!.events);
    const customers = new Set(
      real!.events.map((_, row) => rows.subarray(row * columns, (row + 1) * columns).join()),
    );
    const textOf = (row: readonly (number | null)[]): string =>
      Float32Array.from(row, (value) => value ?? NaN).join();
    expect(customers.size).toBe(10_000);
    expect(parseGolden(golden).rows.filter((row) => customers.has(textOf(row)))).toEqual([]);
  });
});

describe('the champion', () => {
  it('can be loaded as the scorer loads it', async () => {
    await (await loadModel('models/champion')).close();
  });
});
