import { expect, test } from 'vitest';
import { healthReport } from './health.ts';
import type { HealthState } from './health-state.ts';
import { combineHealth, restartDelayMs, restartsInRow, rolesOfWorker } from './workers.ts';

const well: HealthState = {
  model: { version: 'v', sha256: 's' },
  modelFault: undefined,
  joined: true,
  kafka: { isUsable: true, faults: [] },
  faults: [],
  partitionFaults: [],
  waitingRecords: 0,
  assigned: [0, 1],
  ready: [0, 1],
  silentMs: 100,
  stopping: false,
  stalled: false,
  uptimeSeconds: 1,
  roles: ['scorer'],
};
const container = { configured: 2, stopping: false, uptimeSeconds: 9, nowMs: 10_000 };
const combined = (reports: readonly [Partial<HealthState>, atMs?: number][]) =>
  combineHealth(
    reports.map(([health, atMs = 9_900]) => ({ health: { ...well, ...health }, atMs })),
    container,
  );

test('two workers that are up: their partitions together, their roles once', () => {
  const state = combined([[{ roles: ['scorer', 'monitor'] }], [{ assigned: [2], ready: [2] }]]);
  expect(healthReport(state)).toMatchObject({
    status: 200,
    body: {
      partitions: { assigned: 3, ready: 3 },
      roles: ['scorer', 'monitor'],
      workers: { configured: 2, up: 2 },
      uptime_seconds: 9,
    },
  });
});

test('the worst of them is told', () => {
  const said = (worst: Partial<HealthState>): unknown =>
    healthReport(combined([[{}], [worst]])).body['detail'];
  expect(said({ joined: false, leftMs: 10 })).toMatch(/^Not joined/);
  const faults = [{ code: 'TOPIC_MISSING', detail: 'topics missing: a' }] as const;
  expect(said({ kafka: { isUsable: true, faults } })).toBe('topics missing: a');
  expect(said({ faults: [{ code: 'KAFKA_UNAUTHORIZED', detail: 'no right to READ group g' }] })).toBe(
    'no right to READ group g',
  );
  expect(said({ silentMs: 20_000 })).toMatch(/^Kafka does not answer the consumer/);
  const modelFault = { code: 'MODEL_CORRUPT', detail: 'x' } as const;
  expect(said({ model: undefined, modelFault })).toMatch(/^Model not available/);
});

test('a worker that is started again takes nothing from the others; alone, it says what it waits for', () => {
  const beginning: Partial<HealthState> = {
    joined: false,
    assigned: [],
    ready: [],
    waitingRecords: undefined,
  };
  const connecting = {
    isUsable: false,
    faults: [{ code: 'CONNECTING', detail: 'connecting to Kafka at k:1' }],
  } as const;
  for (const state of [
    { ...beginning, model: undefined, kafka: connecting },
    { ...beginning, model: undefined },
    beginning,
  ]) {
    expect(healthReport(combined([[{}], [state]]))).toMatchObject({
      status: 200,
      body: { detail: '1 of 2 workers are up', model_loaded: true, workers: { configured: 2, up: 1 } },
    });
    expect(healthReport(combined([[state], [state]]))).toMatchObject({
      status: 503,
      body: { workers: { configured: 2, up: 2 } },
    });
  }
});

test('a worker that reports no more is not up, and says nothing about the others', () => {
  const one = healthReport(combined([[{}], [{ joined: false }, 4000]]));
  expect(one).toMatchObject({ status: 200, body: { workers: { configured: 2, up: 1 } } });
  const none = healthReport(combined([[{}, 4000]]));
  expect(none).toMatchObject({
    status: 503,
    body: { detail: 'No worker is up', workers: { configured: 2, up: 0 } },
  });
});

test('the age of a report counts as silence', () => {
  expect(combined([[{ silentMs: 100 }, 8_000]]).silentMs).toBe(2100);
});

test('restarts: longer and longer, and at once again for a worker that had recovered', () => {
  expect([0, 1, 2, 6, 60].map(restartDelayMs)).toEqual([500, 1000, 2000, 30_000, 30_000]);
  expect(restartsInRow(5, 59_000)).toBe(5);
  expect(restartsInRow(5, 60_000)).toBe(0);
});

test('what is not scoring runs once', () => {
  const roles = ['scorer', 'monitor', 'trainer'];
  expect([1, 2, 3].map((n) => rolesOfWorker(roles, n))).toEqual([roles, ['scorer'], ['scorer']]);
});
