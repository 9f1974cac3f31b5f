/** The image, as sealed as the manifests have it, against a broker in a container. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Network, type StartedNetwork, type StartedTestContainer } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareTopics } from '../cli/topics.ts';
import { buildImage, docker, freePort, hasDocker, startBroker, startImage, worldAt } from './containers.ts';
import { collect, events, produceRaw, settled, type World } from './world.ts';

const IMAGE = 'bankchurn:image-test';

describe.skipIf(!hasDocker)('the image', () => {
  let network: StartedNetwork;
  let broker: StartedTestContainer | undefined;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    [network] = await Promise.all([new Network().start(), buildImage(IMAGE)]);
    broker = await startBroker(network, port);
  }, 600_000);
  afterAll(async () => {
    await broker?.stop();
    await network.stop();
    await docker('image', 'rm', '--force', IMAGE);
  }, 60_000);

  const worldWith = async (prefix: string): Promise<World> => {
    const world = worldAt({ KAFKA_BROKERS: `localhost:${String(port)}`, TOPIC_PREFIX: prefix });
    await prepareTopics(world.context);
    return world;
  };
  const produce = (world: World, count: number, seed: number): Promise<void> =>
    produceRaw(
      world,
      events(count, seed).map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
    );

  test('what it is made of', async () => {
    const [inspected] = JSON.parse(await docker('image', 'inspect', IMAGE)) as {
      Size: number;
      Config: { User: string; Entrypoint: string[]; Labels: Record<string, string>; Healthcheck: object };
    }[];
    const { User, Entrypoint, Labels, Healthcheck } = inspected!.Config;
    expect(User).toBe('10001:10001');
    expect(Entrypoint).toEqual(['node', 'bin/bankchurn.js']);
    expect(Labels).toMatchObject({ 'org.opencontainers.image.title': 'bankchurn' });
    expect(Healthcheck).toMatchObject({ Test: ['CMD', 'node', 'bin/healthcheck.js'] });
    console.log(`image: ${String(Math.round(inspected!.Size / 1e6))} MB`);
    const find = (...what: string[]): Promise<string> =>
      docker('run', '--rm', '--entrypoint', 'find', IMAGE, '/app', '/usr/local/bin', ...what);
    const all = (await find('-type', 'f')).split('\n');
    const sources = all.filter((path) => path.endsWith('.ts') && !path.includes('/node_modules/'));
    expect(sources).toEqual([]);
    expect(all.filter((path) => /Churn\.csv|\/(typescript|vitest|tsx|npm)\//.test(path))).toEqual([]);
    expect(all.filter((path) => path.endsWith('libonnxruntime.so.1'))).toHaveLength(1);
    expect(all.filter((path) => /onnxruntime.*(win32|darwin)/.test(path))).toEqual([]);
  });

  test('scores in a sealed container; SIGTERM ends it in order', { timeout: 180_000 }, async () => {
    const world = await worldWith('sealed.');
    const service = await startImage(IMAGE, network, { TOPIC_PREFIX: 'sealed.' });
    const out = await collect(world);
    await produce(world, 5000, 7);
    await settled(() => out.scores.length >= 5000, 'the scores');
    expect(new Set(out.scores.map(({ value }) => (JSON.parse(String(value)) as { eventId: string }).eventId)).size).toBe(5000); // prettier-ignore

    const inspect = async (what: string): Promise<unknown> =>
      JSON.parse(await docker('inspect', '--format', `{{json ${what}}}`, service.getId()));
    expect(await inspect('.HostConfig')).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      Memory: 512 * 1024 * 1024,
    });
    expect((await service.exec(['sh', '-c', 'echo > /app/x'])).exitCode).not.toBe(0);
    await docker('stop', '--time', '30', service.getId());
    // 137 would be the kill after 30 s.
    expect(await inspect('.State')).toMatchObject({ ExitCode: 0, OOMKilled: false });
  });

  test(
    'two workers in a container: one is killed, nothing is lost or doubled',
    { timeout: 180_000 },
    async () => {
      const world = await worldWith('two.');
      const service = await startImage(IMAGE, network, { TOPIC_PREFIX: 'two.', WORKERS: '2' });
      const out = await collect(world);
      const producing = produce(world, 20_000, 9);
      await settled(() => out.scores.length > 1000, 'the first scores', 60_000, 0);
      const workers = `for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline | grep -q '^[^ ]*node .*--worker 2 ' && echo \${p#/proc/}; done`;
      const pid = (await service.exec(['sh', '-c', workers])).output.trim().split('\n')[0]!;
      expect(pid).toMatch(/^\d+$/);
      expect((await service.exec(['sh', '-c', `kill -9 ${pid}`])).exitCode).toBe(0);
      await producing;
      await settled(() => out.scores.length >= 20_000, 'the scores', 90_000);
      const ids = out.scores.map(({ value }) => (JSON.parse(String(value)) as { eventId: string }).eventId);
      expect([ids.length, new Set(ids).size]).toEqual([20_000, 20_000]);
      await docker('stop', '--time', '30', service.getId());
      expect(await docker('inspect', '--format', '{{.State.ExitCode}}', service.getId())).toBe('0');
    },
  );

  test('the broker is killed and started again: the same member goes on', { timeout: 240_000 }, async () => {
    const world = await worldWith('outage.');
    const service = await startImage(IMAGE, network, { TOPIC_PREFIX: 'outage.' });
    await produce(world, 1000, 7);
    await docker('kill', broker!.getId());
    // Longer than the client tries by itself (9 s): its consumer crashes and is started again.
    await sleep(12_000);
    const since = new Date().toISOString();
    await docker('start', broker!.getId());
    const log = (): Promise<string> => docker('logs', '--since', since, broker!.getId()).catch(() => '');
    await waitFor(async () => (await log()).includes('Kafka Server started'), 'the broker');
    const back = Date.now();

    await produce(world, 1000, 8);
    const out = await collect(world);
    await settled(() => out.scores.length >= 2000, 'a score of each event', 60_000, 0);
    console.log(`scores ${String(Date.now() - back)} ms after the broker was back`);
    await settled(() => true, 'what comes too much');
    // One score per record; the plain producer may have repeated some when the broker came back.
    const scores = out.scores.map(({ value }) => JSON.parse(String(value)) as { scoreId: string; eventId: string }); // prettier-ignore
    expect(new Set(scores.map(({ scoreId }) => scoreId)).size).toBe(scores.length);
    expect(new Set(scores.map(({ eventId }) => eventId)).size).toBe(2000);
    // A new member would wait until the session of the former one has ended.
    const ghosts = (await log()).split('\n').filter((line) => /GroupId=|group outage\./.test(line) && line.includes('has failed, removing it')); // prettier-ignore
    expect(ghosts).toEqual([]);
    expect((await fetch(`http://localhost:${String(service.getMappedPort(8000))}/health`)).status).toBe(200);
  });
});

async function waitFor(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in 90 s: ${what}`);
    await sleep(200);
  }
}
