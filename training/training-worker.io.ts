/** Entry of the training thread: rows in, a release out (see train-in-worker.io.ts). */
import { existsSync, readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { challengerData } from './challenger.ts';
import { parseDataset } from './dataset.ts';
import { splitDataset } from './split.ts';
import { trainRelease } from './train.ts';
import { DEFAULT_PARAMETERS } from './boosting.ts';
import type { TrainingJob, TrainingMessage } from './train-in-worker.io.ts';

const { baseCsv, fresh, resampling, memoryBudgetBytes } = workerData as TrainingJob;
const tell = (message: TrainingMessage): void => parentPort?.postMessage(message);

function readBase(path: string) {
  const dataset = parseDataset(readFileSync(path, 'utf8'), path);
  return { dataset, split: splitDataset(dataset, DEFAULT_PARAMETERS.seed) };
}

const base = baseCsv !== null && existsSync(baseCsv) ? readBase(baseCsv) : undefined;
const { dataset, split, profileRows, scoreProfileRows } = challengerData(fresh, base);
const { release, evaluation } = trainRelease(dataset, split, {
  resampling,
  memoryBudgetBytes,
  profile: { rows: profileRows, scoreRows: scoreProfileRows },
  onProgress: (stage, share) => tell({ kind: 'progress', stage, share }),
});
tell({ kind: 'done', result: { release, evaluation } });
