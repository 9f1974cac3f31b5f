import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSimulator } from '../producers/simulator.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { challengerData, splitFresh } from './challenger.ts';
import { GYM, gymCsv, inventGym } from './invented.fixture.ts';
import { trainInWorker, type TrainingJob } from './train-in-worker.io.ts';
import { trainRelease } from './train.ts';

const next = createSimulator({ seed: 3, startMs: 0, stepMs: 1, idPrefix: 's' });
const rows = Array.from({ length: 2000 }, next);
const fresh = splitFresh(rows, 0.3);
const job: TrainingJob = {
  customer: BANK,
  baseCsv: null,
  held: [],
  fresh,
  resampling: 'none',
  memoryBudgetBytes: 1e9,
};

test('a thread of its own gives the same bytes, tells how far it is, and lets this one go on', async () => {
  let ticks = 0;
  const ticking = setInterval(() => (ticks += 1), 5);
  const stages: string[] = [];
  const { release } = await trainInWorker(job, new AbortController().signal, (stage) => stages.push(stage));
  clearInterval(ticking);
  const { dataset, split, profileRows, scoreProfileRows } = challengerData(fresh, undefined);
  const here = trainRelease(dataset, split, {
    customer: BANK,
    profile: { rows: profileRows, scoreRows: scoreProfileRows },
  });
  expect(release.manifest).toEqual(here.release.manifest);
  expect(Buffer.from(release.onnx).equals(here.release.onnx)).toBe(true);
  expect([new Set(stages).size > 1, ticks > 5]).toEqual([true, true]);
});

test('rows and base set of any customer schema are trained on in the thread', async () => {
  const [base, stream] = [inventGym(600), inventGym(900, { seed: 2 })];
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-base-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const baseCsv = join(folder, 'gym.csv');
  writeFileSync(baseCsv, gymCsv(base));
  const rows = stream.events.map((event, i) => ({ event, churned: stream.labels[i] === 1 }));
  const gym: TrainingJob = { ...job, customer: GYM, baseCsv, fresh: splitFresh(rows, 0.3) };
  const { release } = await trainInWorker(gym, new AbortController().signal, () => undefined);
  const { features, training } = release.manifest;
  expect(features.map(({ name }) => name)).toEqual(['visits', 'fee', 'sauna', 'club', 'months']);
  expect(training.split).toMatchObject({ name: 'stratified-42+stream', holdoutRows: 121 });
  expect(training.dataset.rows).toBe(1500);
});

test('called off, it ends', async () => {
  const stop = new AbortController();
  const training = trainInWorker(job, stop.signal, () => stop.abort());
  await expect(training).rejects.toThrow('called off');
});

test('what the training throws comes over', async () => {
  const none: TrainingJob = { ...job, fresh: { train: [], holdout: [] } };
  await expect(trainInWorker(none, new AbortController().signal, () => undefined)).rejects.toThrow();
});
