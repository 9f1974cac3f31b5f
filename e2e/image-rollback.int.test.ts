/** `kubectl rollout undo` as processes: only scorers bring the release of their image, so what else restarts changes nothing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ServiceProcess } from '../cli/service-process.io.ts';
import { withVersion } from '../models/version.ts';
import { readRelease, writeRelease } from '../models/store.io.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { otherModel } from './other-model.ts';
import { createWorld } from './world.ts';

type Health = Record<'model_version' | 'model_fault', string | null | undefined>;
const health = async ({ port }: ServiceProcess): Promise<Health> =>
  (await (await fetch(`http://127.0.0.1:${String(port)}/health`)).json()) as Health;
const serves = (service: ServiceProcess, version: string): Promise<void> =>
  vi.waitFor(async () => expect((await health(service)).model_version).toBe(version), {
    timeout: 40_000,
    interval: 100,
  });

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bankchurn-image-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

test(
  'scorer of image A, image B deployed, back to A, monitor and trainer of B restarted: A stays',
  { timeout: 180_000 },
  async () => {
    const world = await createWorld();
    const a = await readRelease('models/champion');
    const b = { ...a, manifest: withVersion({ ...a.manifest, threshold: 0.4 }) };
    const [A, B] = [a.manifest.version, b.manifest.version];
    const MODEL_DIR = await folder();
    await writeRelease(MODEL_DIR, b);

    const first = await world.start({}, ['scorer']);
    await serves(first, A);
    expect(await first.stop()).toBe(0);
    const second = await world.start({ MODEL_DIR }, ['scorer']);
    await serves(second, B); // the same ONNX with another threshold is another model
    const others = await world.start({ MODEL_DIR }, ['monitor', 'trainer']);
    await serves(others, B);
    expect(await second.stop()).toBe(0);

    const undone = await world.start({}, ['scorer']);
    await serves(undone, A);
    expect(await others.stop()).toBe(0);
    const again = await world.start({ MODEL_DIR }, ['monitor', 'trainer']);
    await serves(again, A); // they follow the log, and open no model
    await sleep(3000);
    expect((await health(undone)).model_version).toBe(A);
    const { activations } = await modelLogOf(world.context).read();
    expect(activations.map(({ version }) => version)).toEqual([A, B, A]);
  },
);

test(
  'an image of simulated customers does not replace a model of real data, unless it is told to',
  { timeout: 120_000 },
  async () => {
    const world = await createWorld({ registry: false });
    const real = (await readRelease('models/champion')).manifest.version;
    const simulated = otherModel();
    const MODEL_DIR = await folder();
    await writeRelease(MODEL_DIR, simulated);

    const first = await world.start({}, ['scorer']);
    await serves(first, real);
    expect(await first.stop()).toBe(0);
    const image = await world.start({ MODEL_DIR }, ['scorer']);
    await serves(image, real);
    await vi.waitFor(() => expect(image.tail()).toContain('ALLOW_SIMULATED'), 20_000);
    expect(await image.stop()).toBe(0);
    const told = await world.start({ MODEL_DIR, ALLOW_SIMULATED: 'true' }, ['scorer']);
    await serves(told, simulated.manifest.version);
  },
);
