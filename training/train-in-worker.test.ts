import { expect, test } from 'vitest';
import { createSimulator } from '../producers/simulator.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { challengerData, splitFresh } from './challenger.ts';
import { trainInWorker, type TrainingJob } from './train-in-worker.io.ts';
import { trainRelease } from './train.ts';

const next = createSimulator({ seed: 3, startMs: 0, stepMs: 1, idPrefix: 's' });
const rows = Array.from({ length: 2000 }, next);
const fresh = splitFresh(rows, 0.3);
const job: TrainingJob = { customer: BANK, baseCsv: null, fresh, resampling: 'none', memoryBudgetBytes: 1e9 };

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

test('called off, it ends', async () => {
  const stop = new AbortController();
  const training = trainInWorker(job, stop.signal, () => stop.abort());
  await expect(training).rejects.toThrow('called off');
});

test('what the training throws comes over', async () => {
  const none: TrainingJob = { ...job, fresh: { train: [], holdout: [] } };
  await expect(trainInWorker(none, new AbortController().signal, () => undefined)).rejects.toThrow();
});
