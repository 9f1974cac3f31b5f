/** A real Prometheus on loopback that watches one service with the alert rules in a hurry, or as they are. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { choosePort } from '../../cli/embedded/ports.io.ts';
import { hurriedRules } from './rules.ts';

/** The program; `PROMETHEUS` names another one. */
const PROGRAM = process.env['PROMETHEUS'] ?? 'prometheus';
const START_MS = 20_000;

export interface Prometheus {
  /** Names of the alerts that fire now. */
  firing(): Promise<ReadonlySet<string>>;
  stop(): Promise<void>;
}

export const hasPrometheus = (): boolean => spawnSync(PROGRAM, ['--version']).status === 0;

/** Starts it. `divisor`: what the durations of the rules are divided by. */
export async function startPrometheus(targetPort: number, divisor: number): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'bankchurn-prometheus-'));
  await writeFile(join(folder, 'alerts.yaml'), stringify(hurriedRules(divisor)));
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['alerts.yaml'],
    scrape_configs: [
      { job_name: 'bankchurn', static_configs: [{ targets: [`127.0.0.1:${String(targetPort)}`] }] },
    ],
  };
  await writeFile(join(folder, 'prometheus.yml'), stringify(config));
  const port = await choosePort(undefined, 'Prometheus', new Set());
  const address = `127.0.0.1:${String(port)}`;
  const child = spawn(
    PROGRAM,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const end = Date.now() + START_MS;
  while (!(await isReady(address))) {
    if (Date.now() > end) {
      await stop();
      throw new Error('Prometheus did not start');
    }
    await sleep(200);
  }
  return { firing: () => firing(address), stop };
}

async function isReady(address: string): Promise<boolean> {
  const answer = await fetch(`http://${address}/-/ready`).catch(() => undefined);
  return answer?.status === 200;
}

interface Alerts {
  readonly data: { readonly alerts: readonly { labels: { alertname: string }; state: string }[] };
}

async function firing(address: string): Promise<ReadonlySet<string>> {
  const { data } = (await (await fetch(`http://${address}/api/v1/alerts`)).json()) as Alerts;
  return new Set(data.alerts.flatMap(({ labels, state }) => (state === 'firing' ? [labels.alertname] : [])));
}
