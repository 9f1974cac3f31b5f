/** A scorer that swaps its model again and again does not grow. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const SWAP = `
  import { readRelease } from './models/store.io.ts';
  import { createSimulator } from './producers/simulator.ts';
  import { openModel } from './scoring/model.ts';
  import { createSession } from './scoring/onnx.io.ts';
  const release = await readRelease('models/champion');
  const next = createSimulator({ seed: 3, startMs: 0, stepMs: 1, idPrefix: 's' });
  const requests = Array.from({ length: 1000 }, (_, i) => ({ event: next().event, scoreId: 't/0/' + i }));
  let former;
  for (let swap = 0; swap <= 200; swap++) {
    const model = await openModel(release, createSession);
    await model.score(requests);
    await former?.close();
    former = model;
    if (swap % 50 !== 0) continue;
    gc();
    console.log(Math.round(process.memoryUsage().rss / 2 ** 20));
  }
`;

test('resident memory over 200 swaps, MiB: levels off', async () => {
  const args = ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval', SWAP];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const series = stdout.trim().split('\n').map(Number);
  expect(series).toHaveLength(5);
  // A model that is kept adds 1.2 MiB a swap, 180 MiB in all.
  expect(series[4]! - series[1]!, series.join(', ')).toBeLessThan(40);
});
