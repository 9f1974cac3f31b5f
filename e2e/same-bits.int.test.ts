import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { programArguments } from '../cli/service-process.io.ts';
import { loadModel } from '../scoring/load-model.io.ts';
import { collect, createWorld, events, produceRaw, settled } from './world.ts';

const COUNT = 1500;

async function scoreCommand(file: string, batch: number, prefix: string): Promise<string[]> {
  const args = [...programArguments(), 'score', file, '--batch', String(batch), '--id-prefix', prefix];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    maxBuffer: 1e8,
    cwd: packageRoot(),
  });
  return stdout.trim().split('\n');
}

test(
  'scores are the same bytes from Kafka, from `bankchurn score`, in batches of 1, 7 and 512',
  { timeout: 90_000 },
  async () => {
    const world = await createWorld({ registry: false });
    await world.start();
    const out = await collect(world);
    const all = events(COUNT, 3);
    await produceRaw(
      world,
      all.map((event) => ({ key: 'one-partition', value: JSON.stringify(event) })),
    );
    await settled(() => out.scores.length >= COUNT, 'the scores');
    const fromKafka = out.scores.map(({ value }) => String(value));
    const { scoreId } = JSON.parse(fromKafka[0]!) as { scoreId: string };
    const prefix = scoreId.replace(/\d+$/, '');

    const folder = await mkdtemp(join(tmpdir(), 'bankchurn-test-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'events.jsonl');
    await writeFile(file, all.map((event) => JSON.stringify(event)).join('\n'));
    for (const batch of [1, 7, 512]) expect(await scoreCommand(file, batch, prefix)).toEqual(fromKafka);
  },
);

test('any cutting into batches gives the same bits', async () => {
  const model = await loadModel(join(packageRoot(), 'models/champion'));
  onTestFinished(() => model.close());
  const requests = events(1024, 5).map((event, i) => ({ event, scoreId: String(i) }));
  const whole = await model.score(requests);
  for (const size of [1, 7, 100, 512, 513]) {
    const parts = [];
    for (let from = 0; from < requests.length; from += size)
      parts.push(...(await model.score(requests.slice(from, from + size))));
    expect(parts).toEqual(whole);
  }
});
