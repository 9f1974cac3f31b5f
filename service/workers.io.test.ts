import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createMetrics } from './metrics.io.ts';
import { startWorkers, type WorkersSettings } from './workers.io.ts';

/** A worker that runs a script; it ends by itself when its channel is closed. */
function worker(script: string): ChildProcess {
  const source = `process.once('disconnect', () => process.exit(0)); setInterval(() => {}, 1000); ${script}`;
  return spawn(process.execPath, ['--eval', source], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
}

function supervise(script: (worker: number, start: number) => string, stallMs = 60_000) {
  const metrics = createMetrics();
  const children: ChildProcess[] = [];
  const events: string[] = [];
  const note = (_: object, message: string): void => void events.push(message);
  const settings: WorkersSettings = {
    count: 2,
    spawnWorker: (n) => {
      const child = worker(script(n, children.length));
      children.push(child);
      return child;
    },
    metrics,
    log: { info: note, warn: note, error: note },
    stopBudgetMs: 1500,
    stallMs,
  };
  const workers = startWorkers(settings);
  onTestFinished(async () => {
    await workers.stop();
    metrics.close();
  });
  const samples = async (): Promise<string> => (await workers.registry()).metrics();
  return { workers, children, events, samples };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(25);
}

/** What a worker sends: one counter, gauges of each kind. */
const report = (events: number, lag: number, psi: number | undefined): string => {
  const figure = (name: string, type: string, aggregator: string, values: object[]): object => ({
    name,
    help: name,
    type,
    aggregator,
    values,
  });
  const figures = [
    figure('churn_events_total', 'counter', 'sum', [{ value: events, labels: { result: 'scored' } }]),
    figure('churn_event_loop_lag_seconds', 'gauge', 'max', [{ value: lag, labels: {} }]),
    figure('model_prediction_drift', 'gauge', 'first', psi === undefined ? [] : [{ value: psi, labels: {} }]),
  ];
  const kafka = { isUsable: true, faults: [] };
  const health = {
    joined: true,
    assigned: [],
    ready: [],
    roles: ['scorer'],
    silentMs: 0,
    kafka,
    faults: [],
    partitionFaults: [],
  };
  return `process.send(${JSON.stringify({ health, figures })});`;
};

test('figures: counters are summed, gauges as each needs; a dead worker’s counts stay, its gauges go', async () => {
  const { workers, children, samples } = supervise((n, start) =>
    start > 1 ? '' : n === 1 ? report(10, 5, 0.3) : report(7, 9, undefined),
  );
  await until(() => workers.health().workers?.up === 2);
  expect(await samples()).toMatch(/^churn_events_total\{result="scored"\} 17$/m);
  expect(await samples()).toMatch(/^churn_event_loop_lag_seconds 9$/m);
  expect(await samples()).toMatch(/^model_prediction_drift 0.3$/m);

  children[1]!.kill('SIGKILL');
  await until(() => workers.health().workers?.up === 1);
  expect(await samples()).toMatch(/^churn_events_total\{result="scored"\} 17$/m);
  expect(await samples()).toMatch(/^churn_event_loop_lag_seconds 5$/m);
});

test('figures of a worker that has fallen silent: its counts stay, its gauges go: another may have its partitions', async () => {
  const { workers, samples } = supervise((n) => report(n, n, undefined));
  await until(() => workers.health().workers?.up === 2);
  expect(await samples()).toMatch(/^churn_event_loop_lag_seconds 2$/m);
  const now = Date.now() + 5001;
  vi.spyOn(Date, 'now').mockReturnValue(now);
  onTestFinished(() => void vi.restoreAllMocks());
  expect(workers.health().workers?.up).toBe(0);
  expect(await samples()).toMatch(/^churn_events_total\{result="scored"\} 3$/m);
  expect(await samples()).not.toMatch(/^churn_event_loop_lag_seconds 2$/m);
});

test('a worker that says nothing is killed and started again', { timeout: 30_000 }, async () => {
  const { children, events } = supervise(() => 'for (;;);', 500);
  await until(() => children.length >= 4);
  expect(events.filter((event) => event === 'worker hangs, it is killed').length).toBeGreaterThanOrEqual(2);
  expect(children[0]!.signalCode).toBe('SIGKILL');
});

test('stop: each worker is asked to; one that does not listen is killed when the time is over', async () => {
  const { workers, children } = supervise((n) => (n === 1 ? report(1, 1, 1) : 'for (;;);'));
  await until(() => workers.health().workers?.up === 1);
  expect(await workers.stop()).toBe(1);
  expect([children[0]!.exitCode, children[1]!.signalCode]).toEqual([0, 'SIGKILL']);
  expect(children).toHaveLength(2);
});

test('stop: 0 where all of them end well', async () => {
  const { workers, children } = supervise(() => report(1, 1, 1));
  await until(() => workers.health().workers?.up === 2);
  expect(await workers.stop()).toBe(0);
  expect(children.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
});
