/** Entry of the process that proves a release (see prove.io.ts): a release in, one message out. */
import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Release } from '../models/manifest.ts';
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import { createSession } from './onnx.io.ts';
import { prove } from './proof.ts';
import type { ProofMessage } from './prove.io.ts';

/** A model in ONNX Runtime blocks this thread: another one notices that the parent is gone, and ends the process. */
const WATCH = `
  const { ppid } = process;
  setInterval(() => { if (process.ppid !== ppid) process.kill(process.pid, 'SIGKILL'); }, 200);
`;

const tell = (message: ProofMessage): void => void process.send?.(message);

/** Where memory runs out, Linux ends this process before the one that scores. */
function beFirstToGo(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Another system.
  }
}

beFirstToGo();
new Worker(WATCH, { eval: true }).unref();
process.once('disconnect', () => process.exit(1));
process.once('message', (release: Release) => {
  prove(release, { createSession, now: () => performance.now() }).then(
    () => tell({ kind: 'proven' }),
    (error: unknown) => {
      const code = error instanceof BankChurnError ? error.code : 'MODEL_CORRUPT';
      tell({ kind: 'failed', code, message: messageOf(error) });
    },
  );
});
tell({ kind: 'ready' });
