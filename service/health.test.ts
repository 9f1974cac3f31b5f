import { expect, test } from 'vitest';
import { createStallRule, healthReport, liveReport, readyReport } from './health.ts';
import { processHealth, type HealthState, type ProcessView } from './health-state.ts';
import type { RoleState } from './role-view.ts';

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
  silentMs: 300,
  stopping: false,
  stalled: false,
  uptimeSeconds: 5,
  roles: ['scorer'],
};

test('well: 200, healthy, with its model', () => {
  expect(healthReport(well)).toMatchObject({
    status: 200,
    body: { status: 'healthy', model_loaded: true, model_version: 'v', model_sha256: 's', roles: ['scorer'] },
  });
  expect(readyReport(well).status).toBe(200);
  expect(liveReport(well).status).toBe(200);
});

test('unwell: 503, degraded, with the cause and its code; restarted only where that helps', () => {
  const state = { ...well, stopping: true };
  const shown = { detail: 'Stopping', code: 'STOPPING' };
  expect(healthReport(state)).toMatchObject({ status: 503, body: { status: 'degraded', ...shown } });
  expect(readyReport(state)).toEqual({ status: 503, body: { ready: false, ...shown } });
  expect(liveReport(state).status).toBe(200);
  expect(liveReport({ ...well, stalled: true }).status).toBe(503);
});

test('two causes: both in one sentence, and each with its code', () => {
  const faults = [{ code: 'TOPIC_MISSING', detail: 'topics missing: a' }] as const;
  const report = healthReport({
    ...well,
    kafka: { isUsable: true, faults },
    registryFault: 'http://r: away',
  });
  expect(report).toMatchObject({
    status: 503,
    body: {
      detail: 'topics missing: a; schema registry: http://r: away',
      code: 'TOPIC_MISSING',
      causes: [{ code: 'TOPIC_MISSING' }, { code: 'REGISTRY_UNAVAILABLE' }],
    },
  });
});

test('what heals by itself is said, and is no reason to be unwell while nothing waits', () => {
  const report = healthReport({ ...well, registryFault: 'http://r: away' });
  expect(report).toMatchObject({ status: 200, body: { status: 'healthy', code: 'REGISTRY_UNAVAILABLE' } });
  expect(readyReport({ ...well, registryFault: 'away' })).toMatchObject({
    status: 200,
    body: { ready: true },
  });
});

test('a scorer without partitions is well: there are more scorers than partitions', () => {
  expect(healthReport({ ...well, assigned: [], ready: [] }).status).toBe(200);
});

test('a stall is silence while Kafka answers, and not the end of an outage, however long that was', () => {
  const away = createStallRule(60_000);
  for (let at = 30_000; at <= 600_000; at += 5000) expect(away(at, at, false)).toBe(false);
  expect([away(605_000, 605_000, true), away(630_000, 630_000, true)]).toEqual([false, false]);
  expect(away(635_000, 635_000, true)).toBe(true);

  const stalled = createStallRule(60_000);
  expect([30_000, 55_000, 60_000].map((at) => stalled(at, at, true))).toEqual([false, false, true]);

  const recovering = createStallRule(60_000);
  expect([recovering(40_000, 40_000, true), recovering(100_000, 35_000, true)]).toEqual([false, false]);
  expect([recovering(129_000, 64_000, true), recovering(130_000, 65_000, true)]).toEqual([false, true]);
});

test('a process is as well as the worst of its roles', () => {
  const role: RoleState = {
    ...{ joined: true, leftAtMs: undefined, fault: undefined, partitionFaults: [] },
    ...{ assigned: [0], ready: [0], lastAliveMs: 9000, waitingRecords: 2 },
  };
  const view: ProcessView = {
    kafka: well.kafka,
    roles: [role, { ...role, assigned: [4, 5], ready: [5], lastAliveMs: 8000 }],
    roleNames: ['scorer', 'monitor'],
    manifest: { version: 'v', sha256: 's' },
    modelFault: undefined,
    stopping: false,
    stalled: false,
    concerns: { deadLetterShare: undefined, warnings: [] },
    begunMs: 1000,
    nowMs: 10_400,
  };
  expect(processHealth(view)).toEqual({
    ...well,
    assigned: [0, 4, 5],
    ready: [0, 5],
    silentMs: 2400,
    waitingRecords: 4,
    uptimeSeconds: 9,
    roles: ['scorer', 'monitor'],
    warnings: [],
  });
  const fault = { code: 'TOPIC_MISSING', detail: 'topics missing: a' } as const;
  const waiting = { ...role, joined: false, leftAtMs: 9400, fault, lastAliveMs: undefined, waitingRecords: undefined }; // prettier-ignore
  expect(processHealth({ ...view, roles: [role, waiting] })).toMatchObject({
    joined: false,
    leftMs: 1000,
    faults: [fault],
    waitingRecords: undefined,
    silentMs: 1400,
  });
});

test('what needs an operator while scoring goes on is a detail, and no reason for 503', () => {
  const { status, body } = healthReport({
    ...well,
    deadLetterShare: 0.6123,
    warnings: ['the monitor has stopped: X'],
  });
  expect([status, body['status'], body['dead_letter_share']]).toEqual([200, 'healthy', 0.612]);
  expect(body['detail']).toBe('61 % of the last events are dead letters; the monitor has stopped: X');
  expect(healthReport({ ...well, stopping: true, deadLetterShare: 0.6 }).body['detail']).toBe('Stopping');
});
