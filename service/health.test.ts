import { expect, test } from 'vitest';
import {
  createStallRule,
  healthReport,
  liveReport,
  processHealth,
  readyReport,
  type HealthState,
} from './health.ts';

const well: HealthState = {
  model: { version: 'v', sha256: 's' },
  modelFault: undefined,
  joined: true,
  waitingFor: undefined,
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

test.each<[string, Partial<HealthState>, live: 200 | 503]>([
  ['Model not available', { model: undefined }, 200],
  ['topics missing: a', { waitingFor: 'topics missing: a', joined: false }, 200],
  ['Not joined', { joined: false }, 200],
  ['Kafka does not answer', { silentMs: 10_001 }, 200],
  ['1 of 2 partitions are not ready', { ready: [1] }, 200],
  ['Stopping', { stopping: true }, 200],
  ['Stalled', { stalled: true }, 503],
])('%s: 503, degraded; restarted only where that helps', (detail, change, live) => {
  const state = { ...well, ...change };
  expect(healthReport(state)).toMatchObject({ status: 503, body: { status: 'degraded', detail } });
  expect(readyReport(state)).toMatchObject({ status: 503, body: { detail } });
  expect(liveReport(state).status).toBe(live);
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
  const role = { joined: true, waitingFor: undefined, assigned: [0], ready: [0], lastAliveMs: 9000 };
  const view = {
    roles: [role, { ...role, assigned: [4, 5], ready: [5], lastAliveMs: 8000 }],
    roleNames: ['scorer', 'monitor'],
    manifest: { version: 'v', sha256: 's', columns: 13 },
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
    uptimeSeconds: 9,
    roles: ['scorer', 'monitor'],
    warnings: [],
  });
  const waiting = { ...role, joined: false, waitingFor: 'topics missing: a', lastAliveMs: undefined };
  expect(processHealth({ ...view, roles: [role, waiting] })).toMatchObject({
    joined: false,
    waitingFor: 'topics missing: a',
    silentMs: 1400,
  });
  const fresh = processHealth({ ...view, roles: [], manifest: undefined, modelFault: 'no model' });
  expect(fresh).toMatchObject({
    model: undefined,
    modelFault: 'no model',
    joined: false,
    silentMs: undefined,
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
