/** docker-compose.yml: `make docker-demo`, events in, scores out, the runbook's rollback, `make docker-down`. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openContext, packageRoot, readConfig } from '../cli/context.ts';
import { partitionCounts } from '../kafka/topics.ts';
import { docker, freePort, hasDocker } from './containers.ts';
import { settled } from './world.ts';

const PORTS = ['BANKCHURN', 'KAFKA', 'SCHEMA_REGISTRY', 'MLFLOW', 'PROMETHEUS'] as const;
const id = `bankchurn-test-${randomBytes(3).toString('hex')}`;
const CONTAINER = `${id}-demo`;
const IMAGE = `bankchurn:${id}`;
let env: NodeJS.ProcessEnv;

const make = (target: string): Promise<{ stdout: string }> =>
  promisify(execFile)('make', ['--no-print-directory', target], {
    cwd: packageRoot(),
    env: { ...process.env, ...env },
    maxBuffer: 1e8,
  });
const port = (name: (typeof PORTS)[number]): string => env[`${name}_PORT`]!;
const bankchurn = (...args: string[]): Promise<string> => docker('exec', CONTAINER, 'bankchurn', ...args);

async function healthy(): Promise<boolean> {
  const answer = await fetch(`http://localhost:${port('BANKCHURN')}/health`).catch(() => undefined);
  return answer?.status === 200;
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  let isSo = false;
  const timer = setInterval(() => void holds().then((is) => (isSo ||= is), () => undefined), 500); // prettier-ignore
  try {
    await settled(() => isSo, what, 90_000, 0);
  } finally {
    clearInterval(timer);
  }
}

/** What of ours Docker still holds. */
async function leftovers(): Promise<string[]> {
  const label = `label=com.docker.compose.project=${id}`;
  const lists = await Promise.all([
    docker('ps', '--all', '--quiet', '--filter', label),
    docker('ps', '--all', '--quiet', '--filter', `name=${CONTAINER}`),
    docker('network', 'ls', '--quiet', '--filter', label),
    docker('volume', 'ls', '--quiet', '--filter', label),
  ]);
  return lists.filter((list) => list !== '');
}

describe.skipIf(!hasDocker)('docker compose', () => {
  beforeAll(async () => {
    const ports = await Promise.all(PORTS.map(async (name) => [`${name}_PORT`, String(await freePort())]));
    env = {
      ...(Object.fromEntries(ports) as Record<string, string>),
      COMPOSE_PROJECT_NAME: id,
      COMPOSE_PROFILES: 'simulator',
      BANKCHURN_CONTAINER: CONTAINER,
      BANKCHURN_IMAGE: IMAGE,
    };
  });
  afterAll(async () => {
    await make('docker-down');
    await docker('image', 'rm', '--force', IMAGE, `${IMAGE}-previous`);
  }, 120_000);

  test(
    'docker-demo brings all up healthy: events in, scores out, figures in Prometheus',
    { timeout: 600_000 },
    async () => {
      await make('docker-demo');
      expect(await healthy()).toBe(true);
      const states = await docker('ps', '--all', '--filter', `label=com.docker.compose.project=${id}`, '--format', '{{.Label "com.docker.compose.service"}} {{.Status}}'); // prettier-ignore
      for (const service of ['kafka', 'schema-registry', 'bankchurn', 'mlflow', 'prometheus'])
        expect(states).toMatch(new RegExp(`^${service} Up .*\\(healthy\\)$`, 'm'));
      expect(states).toMatch(/^simulator Up /m);
      expect(states).toMatch(/^topics Exited \(0\)/m);

      await bankchurn('produce', '--count', '500', '--seed', '3');
      const scores = (await bankchurn('consume', '--from-beginning', '--count', '500')).split('\n');
      expect(scores).toHaveLength(500);
      expect(JSON.parse(scores[0]!)).toMatchObject({ churnProbability: expect.any(Number) as number });

      // The second listener: this machine.
      const context = openContext(
        readConfig(
          { config: `${packageRoot()}/configs/config.yaml` },
          { KAFKA_BROKERS: `localhost:${port('KAFKA')}` },
        ),
      );
      expect((await partitionCounts(context.kafka, ['churn-scores'])).get('churn-scores')).toBe(6);
      const query = `http://localhost:${port('PROMETHEUS')}/api/v1/query?query=churn_events_total`;
      await until(
        async () => /"result":"scored"/.test(await (await fetch(query)).text()),
        'figures in Prometheus',
      );
      expect((await fetch(`http://localhost:${port('MLFLOW')}/health`)).status).toBe(200);
    },
  );

  test(
    'the runbook’s rollback: the container stopped, the previous image started under its name',
    { timeout: 180_000 },
    async () => {
      await docker('tag', IMAGE, `${IMAGE}-previous`);
      await docker('stop', CONTAINER);
      expect(await docker('inspect', '--format', '{{.State.ExitCode}}', CONTAINER)).toBe('0');
      await docker('rm', CONTAINER);
      const environment = [
        'KAFKA_BROKERS=kafka:9092',
        'SCHEMA_REGISTRY_URL=http://schema-registry:8080/apis/ccompat/v7',
      ];
      await docker('run', '--detach', '--name', CONTAINER, '--network', `${id}_default`,
      '--publish', `127.0.0.1:${port('BANKCHURN')}:8000`, ...environment.flatMap((value) => ['--env', value]),
      `${IMAGE}-previous`); // prettier-ignore
      await until(healthy, 'the previous image, healthy');
      const scored = async (): Promise<number> => {
        const text = await (await fetch(`http://localhost:${port('BANKCHURN')}/metrics`)).text();
        return Number(/^churn_events_total\{result="scored"\} (\d+)$/m.exec(text)?.[1] ?? 0);
      };
      await until(async () => (await scored()) > 0, 'scores of the simulator’s events');
    },
  );

  test('docker-down leaves nothing', { timeout: 120_000 }, async () => {
    expect(await leftovers()).not.toEqual([]);
    await make('docker-down');
    expect(await leftovers()).toEqual([]);
  });
});
