import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { Release } from '../models/manifest.ts';
import { entryFile, isSource } from '../schemas/entry-file.io.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import type { FreshRows } from './challenger.ts';
import type { Evaluation } from './evaluation.ts';
import type { Resampling } from './resampling.ts';

/** What a training in a thread of its own is given (copied over). */
export interface TrainingJob {
  readonly customer: CustomerSchema;
  /** CSV of the base set; null: the stream's rows alone. */
  readonly baseCsv: string | null;
  /** Customers that are not trained on: those of the base holdout. */
  readonly held: readonly string[];
  readonly fresh: FreshRows;
  readonly resampling: Resampling;
  /** Of the resampling, see `TrainingOptions`. */
  readonly memoryBudgetBytes: number;
}

/** What it gives back. */
export interface TrainedChallenger {
  readonly release: Release;
  /** On the holdout: the base set's where there is one. */
  readonly evaluation: Evaluation;
}

/** Messages of the thread. */
export type TrainingMessage =
  | { readonly kind: 'progress'; readonly stage: string; readonly share: number }
  | { readonly kind: 'done'; readonly result: TrainedChallenger };

const MEMORY_MIB = 2048;

/**
 * Trains a challenger in a worker thread, so that this one goes on serving and keeps its place in the group.
 *
 * @param signal ends the thread at once.
 * @throws what the training threw; Error when aborted or out of memory.
 */
export async function trainInWorker(
  job: TrainingJob,
  signal: AbortSignal,
  onProgress: (stage: string, share: number) => void,
): Promise<TrainedChallenger> {
  const worker = startWorker({
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
  });
  const abort = (): void => void worker.terminate();
  signal.addEventListener('abort', abort);
  try {
    return await new Promise<TrainedChallenger>((resolve, reject) => {
      if (signal.aborted) abort();
      worker.on('message', (message: TrainingMessage) => {
        if (message.kind === 'done') resolve(message.result);
        else onProgress(message.stage, message.share);
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error(signal.aborted ? 'the training was called off' : 'the training ended without a result'))); // prettier-ignore
    });
  } finally {
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}

/** Compiled, or from the sources: Node's threads do not inherit the loader of TypeScript. */
function startWorker(options: WorkerOptions): Worker {
  const file = entryFile('training/training-worker.io');
  if (!isSource) return new Worker(file, options);
  const [entry, here] = [pathToFileURL(file).href, import.meta.url];
  const load = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${JSON.stringify(entry)}, ${JSON.stringify(here)}))`;
  return new Worker(load, { ...options, eval: true });
}
