/** `bankchurn explain` on the real Kafka: JSON and Avro, the model that made the score and not the one in service. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { readScore } from '../cli/consume.ts';
import { programArguments } from '../cli/service-process.io.ts';
import { readRelease } from '../models/store.io.ts';
import type { ChurnScore } from '../schemas/generated.ts';
import type { Explanation } from '../scoring/explanation.ts';
import { createSimulator } from '../producers/simulator.ts';
import { splitDataset } from '../training/split.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { trainRelease } from '../training/train.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { collect, createWorld, events, produceRaw, settled, type World } from './world.ts';

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function explain({ env }: World, ...args: string[]): Promise<Run> {
  const options = { env: { ...process.env, ...env }, cwd: packageRoot() };
  try {
    const done = await promisify(execFile)(
      process.execPath,
      [...programArguments(), 'explain', ...args],
      options,
    );
    return { code: 0, ...done };
  } catch (error) {
    return error as Run;
  }
}

function otherRelease() {
  const next = createSimulator({ seed: 3, startMs: 0, stepMs: 1, idPrefix: 's' });
  const all = Array.from({ length: 2000 }, next);
  const dataset = {
    name: 'simulated',
    sha256: 'of-no-file',
    events: all.map(({ event }) => event),
    labels: Uint8Array.from(all, ({ churned }) => Number(churned)),
    rowNumbers: all.map((_, i) => i + 1),
  };
  return trainRelease(dataset, splitDataset(dataset, 1), { customer: BANK, parameters: { rounds: 10 } })
    .release;
}

test.each([true, false])(
  'explains each published score as it was made (registry: %s)',
  { timeout: 170_000 },
  async (registry) => {
    const world = await createWorld({ registry });
    const { context } = world;
    const out = await collect(world);
    const service = await world.start();
    const all = events(300, 31);
    const records = all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) }));
    await produceRaw(world, [...records, { key: all[0]!.customerId, value: '{"eventId":1}' }]);
    await settled(() => out.scores.length >= 300 && out.deadLetters.length >= 1, 'scores', 60_000);
    expect(await service.stop()).toBe(0);
    // Another model serves by now: it must not be the one that explains.
    const release = otherRelease();
    await modelLogOf(context).write(() => ({ release: true, kinds: ['ACTIVATION'], version: release.manifest.version, sha256: release.manifest.sha256 }), 'GATE', release); // prettier-ignore

    const champion = (await readRelease('models/champion')).manifest;
    // No release in a folder: the log's own history must do.
    const fromLog = { ...world, env: { ...world.env, MODEL_DIR: 'no-such-folder' } };
    const scores = await Promise.all(out.scores.map((record) => readScore(record, context.registry)));
    for (const score of [scores[0]!, scores[299]!]) {
      const { code, stdout, stderr } = await explain(fromLog, score.scoreId, '--json');
      expect([code, stderr]).toEqual([0, '']);
      const told = JSON.parse(stdout) as Explanation & { sameAsPublished: boolean };
      expect(told).toMatchObject({
        sameAsPublished: true,
        scoreId: score.scoreId,
        customerId: score.customerId,
        churnProbability: score.churnProbability,
        modelSha256: champion.sha256,
      } satisfies Partial<ChurnScore> & { sameAsPublished: boolean });
      expect(told.contributions).toHaveLength(10);
      expect(told.contributions.slice(0, 3)).toMatchObject(score.reasons);
      const sum = told.contributions.reduce(
        (total, { contribution }) => total + contribution,
        told.baseMargin,
      );
      expect(Math.abs(sum - told.margin)).toBeLessThan(1e-5);
    }

    const { stdout } = await explain(world, scores[0]!.scoreId);
    expect(stdout).toContain(`${(scores[0]!.churnProbability * 100).toFixed(1)} % churn probability`);
    expect(stdout).toContain('the same as published');
    expect(stdout).toMatch(/average customer[\s\S]*age = \d+[\s\S]*this customer/);

    const letter = out.deadLetters[0]!.headers;
    const letterId = ['source-topic', 'source-partition', 'source-offset']
      .map((name) => String(letter[name]))
      .join('/');
    const dead = await explain(world, letterId);
    expect([dead.code, dead.stdout]).toEqual([1, '']);
    expect(dead.stderr).toContain('is a dead letter and has no score: RECORD_INVALID');
  },
);

test(
  'an event without a score is explained by the model in service, and that is said',
  { timeout: 90_000 },
  async () => {
    const world = await createWorld({ registry: false });
    const records = events(60).map((event) => ({ key: event.customerId, value: JSON.stringify(event) }));
    await produceRaw(world, records);
    const topic = world.context.config.topics.names.customerEvents;
    expect((await explain(world, `${topic}/0/0`)).stderr).toContain(
      'no model is in service: the log has no activation',
    );
    expect((await explain(world, `${topic}/0/9999`)).stderr).toMatch(
      /offset 9999 is not in .*: it is not written yet/,
    );
    expect((await explain(world, `${topic}/77/0`)).stderr).toContain('has the partitions 0..5, not 77');
    expect((await explain(world, 'no-such-topic/0/0')).stderr).toContain('no-such-topic cannot be read');
    const release = otherRelease();
    const change = {
      release: true,
      kinds: ['ACTIVATION'],
      version: release.manifest.version,
      sha256: release.manifest.sha256,
    } as const;
    await modelLogOf(world.context).write(() => change, 'GATE', release);
    const { code, stdout, stderr } = await explain(world, `${topic}/0/0`, '--json');
    expect([code, stderr.includes('holds no score of')]).toEqual([0, true]);
    expect(JSON.parse(stdout)).toMatchObject({ sameAsPublished: null, modelSha256: release.manifest.sha256 });
  },
);
