/** Entry of the training thread: rows in, a release out (see train-in-worker.io.ts). */
import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { challengerData } from './challenger.ts';
import { readDataset } from './dataset.io.ts';
import { splitDataset } from './split.ts';
import { trainRelease } from './train.ts';
import { DEFAULT_PARAMETERS } from './boosting.ts';
import type { TrainingJob, TrainingMessage } from './train-in-worker.io.ts';

const { customer, baseCsv, held, fresh, resampling, memoryBudgetBytes } = workerData as TrainingJob;
const tell = (message: TrainingMessage): void => parentPort?.postMessage(message);

async function readBase(path: string) {
  const dataset = await readDataset(path, customer);
  return { dataset, split: splitDataset(dataset, DEFAULT_PARAMETERS.seed) };
}

const base = baseCsv !== null && existsSync(baseCsv) ? await readBase(baseCsv) : undefined;
const { dataset, split, profileRows, scoreProfileRows } = challengerData(fresh, base, held);
const { release, evaluation } = trainRelease(dataset, split, {
  customer,
  resampling,
  memoryBudgetBytes,
  profile: { rows: profileRows, scoreRows: scoreProfileRows },
  onProgress: (stage, share) => tell({ kind: 'progress', stage, share }),
});
tell({ kind: 'done', result: { release, evaluation } });
