import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { factJson } from '../cli/models-show.ts';
import { programArguments, type ServiceProcess } from '../cli/service-process.io.ts';
import { activeModel } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { otherModel } from './other-model.ts';
import { collect, createWorld, events, produceRaw, settled, type World } from './world.ts';

const servingVersion = async ({ port }: ServiceProcess): Promise<unknown> =>
  ((await (await fetch(`http://127.0.0.1:${String(port)}/health`)).json()) as { model_version: unknown })
    .model_version;

async function allServe(
  services: readonly ServiceProcess[],
  version: string,
  withinMs: number,
): Promise<number> {
  const begun = Date.now();
  for (;;) {
    const versions = await Promise.all(services.map(servingVersion));
    if (versions.every((found) => found === version)) return Date.now() - begun;
    if (Date.now() - begun > withinMs)
      throw new Error(`after ${String(withinMs)} ms: ${versions.join(', ')}, not ${version}`);
    await sleep(20);
  }
}

/** What was written to the log, the scorers' words on it aside. */
async function kinds({ context }: World): Promise<string[]> {
  const facts: string[] = [];
  await modelLogOf(context).scan((entry) => facts.push(factJson(entry).kind));
  return facts.filter((kind) => kind !== 'SERVED' && kind !== 'REFUSED');
}

const bankchurn = (env: Record<string, string>, ...args: string[]) =>
  promisify(execFile)(process.execPath, [...programArguments(), ...args], {
    env: { ...process.env, ...env },
    cwd: packageRoot(),
  });

test(
  'three scorers at once on an empty log; swap, rollback by command, a corrupt release refused: nothing lost or doubled',
  { timeout: 170_000 },
  async () => {
    const world = await createWorld();
    const { context, env } = world;
    const services = await Promise.all([world.start(), world.start(), world.start()]);
    const modelLog = modelLogOf(context);
    await settled(() => true, 'a moment', 1000, 0);
    const first = await (async () => {
      for (;;) {
        const versions = await Promise.all(services.map(servingVersion));
        if (versions.every((version) => typeof version === 'string')) return versions[0] as string;
        await sleep(100);
      }
    })();
    await sleep(2000);
    expect(await kinds(world)).toEqual(['RELEASE', 'ACTIVATION']);

    const out = await collect(world);
    const all = events(6000, 21);
    const send = (from: number, to: number) =>
      produceRaw(
        world,
        all.slice(from, to).map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
      );
    await send(0, 2000);

    const release = otherModel();
    const { version, sha256 } = release.manifest;
    await modelLog.write(() => ({ release: true, kinds: ['ACTIVATION'], version, sha256 }), 'GATE', release);
    await allServe(services, version, 20_000);
    await send(2000, 4000);

    await bankchurn(env, 'models', 'rollback');
    expect(await allServe(services, first, 2000)).toBeLessThanOrEqual(2000);
    expect((await modelLog.read()).held).toBe(true);
    const { stdout } = await bankchurn(env, 'models', 'list');
    expect(stdout).toContain(`* ${first}`);
    expect(stdout).toContain('held');

    const flipped = Buffer.from(release.onnx);
    flipped[1000]! ^= 1;
    const corrupt: Release = {
      ...release,
      onnx: flipped,
      manifest: { ...release.manifest, version: 'corrupt' },
    };
    await modelLog.write(
      () => ({ release: true, kinds: ['ACTIVATION'], version: 'corrupt', sha256 }),
      'OPERATOR',
      corrupt,
    );
    await send(4000, 6000);
    await settled(() => out.scores.length >= all.length, 'all scores', 60_000, 3000);
    expect(out.scores).toHaveLength(all.length);
    for (const service of services) {
      expect(await servingVersion(service)).toBe(first);
      const metrics = await (await fetch(`http://127.0.0.1:${String(service.port)}/metrics`)).text();
      expect(metrics).toContain('churn_model_swaps_total{result="refused"} 1');
      expect((await fetch(`http://127.0.0.1:${String(service.port)}/health`)).status).toBe(200);
    }
    expect(activeModel(await modelLog.read())?.version).toBe(first);
  },
);

test('a restarted scorer does not undo a later model', { timeout: 90_000 }, async () => {
  const world = await createWorld({ registry: false });
  const modelLog = modelLogOf(world.context);
  const service = await world.start();
  while (typeof (await servingVersion(service)) !== 'string') await sleep(100);
  const release = otherModel();
  const { version, sha256 } = release.manifest;
  await modelLog.write(() => ({ release: true, kinds: ['ACTIVATION'], version, sha256 }), 'GATE', release);
  await allServe([service], version, 20_000);
  expect(await service.stop()).toBe(0);
  const again = await world.start();
  await allServe([again], version, 20_000);
  await sleep(2000);
  expect(await servingVersion(again)).toBe(version);
  expect(await kinds(world)).toEqual(['RELEASE', 'ACTIVATION', 'RELEASE', 'ACTIVATION']);
});

test.for([
  ['churnModels', { 'retention.ms': '604800000' }],
  ['modelArtifacts', { 'retention.ms': '-1', 'retention.bytes': '1000000' }],
  ['churnModels', { 'retention.ms': '-1', 'cleanup.policy': 'compact' }],
] as const)('a model log that would lose records is refused: %s %o', async ([id, settings]) => {
  const world = await createWorld({ registry: false, settings: { [id]: settings } });
  for (const service of [await world.start(), await world.start({ MODEL_SOURCE: 'image' }, ['trainer'])]) {
    expect(await service.exited).toBe(1);
    expect(service.tail()).toContain('TOPIC_MISCONFIGURED');
    expect(service.tail()).toContain(`--entity-name ${world.context.config.topics.names[id]} --add-config`);
  }
});
