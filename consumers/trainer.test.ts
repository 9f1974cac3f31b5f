/** The trainer's decisions in memory: bytes in, records of the model log out. */
import { expect, test } from 'vitest';
import { BankChurnError } from '../schemas/errors.ts';
import type { RetrainRequested } from '../schemas/generated.ts';
import { recordsOf } from '../schemas/records.ts';
import { REQUEST, World } from './trainer.fixture.ts';
import { createTrainer, type TrainerPorts } from './trainer.ts';

test('a challenger that passes is released and serves; the answer names the request', async () => {
  const world = new World();
  expect(await world.answer()).toBe(1);
  expect(world.added()).toEqual(['RELEASE challenger-1', 'ACTIVATION challenger-1']);
  expect(world.records[3]).toMatchObject({ requestId: 'champion/1', origin: 'GATE', reason: 'figures' });
  expect(world.results).toEqual(['promoted']);
});

test('a request read again, or one about a past activation, trains nothing', async () => {
  const world = new World();
  await world.answer();
  await world.answer();
  await world.answer({ ...REQUEST, requestId: 'champion/0', activation: 0 });
  await world.answer({ ...REQUEST, requestId: 'image/-1', activation: -1 });
  expect(world.trained).toBe(1);
  expect(world.added().slice(2)).toEqual(['REJECTION champion', 'REJECTION champion']);
  expect(world.results).toEqual(['promoted', 'answered', 'stale', 'stale']);
});

test('a challenger that fails the gate is rejected with its figures, once', async () => {
  const world = new World();
  world.passes = false;
  await world.answer();
  await world.answer();
  expect(world.added()).toEqual(['REJECTION champion']);
  expect([world.trained, world.records[2]?.reason]).toEqual([1, 'figures']);
});

test('too few labels: deferred once, waits longer each time, then answers', async () => {
  const world = new World();
  world.labels = 10;
  world.onSleep = () => {
    if (world.sleeps.filter((ms) => ms >= 5000).length === 4) world.labels = 1000;
  };
  await world.answer();
  expect(world.added()).toEqual(['DEFERRAL champion', 'RELEASE challenger-1', 'ACTIVATION challenger-1']);
  expect(world.records[2]?.reason).toContain('10 labelled customers');
  expect(world.sleeps.filter((ms) => ms >= 5000)).toEqual([5000, 10_000, 20_000, 20_000]);
});

test('labels of one class only are too few as well', async () => {
  const world = new World();
  world.oneIn = 1;
  world.onSleep = () => {
    if (world.sleeps.some((ms) => ms >= 5000)) world.oneIn = 5;
  };
  await world.answer();
  expect(world.added()).toEqual(['DEFERRAL champion', 'RELEASE challenger-1', 'ACTIVATION challenger-1']);
  expect(world.records[2]?.reason).toContain('1000 left and 0 stayed');
});

test('labels that never come: rejected when the request expires', async () => {
  const world = new World();
  world.labels = 0;
  await world.answer();
  expect(world.added()).toEqual(['DEFERRAL champion', 'REJECTION champion']);
  expect(world.records[3]?.reason).toContain('expired: after 1.0 h');
  expect(world.now - REQUEST.requestedAt).toBeGreaterThan(3_600_000);
});

test('an operator’s rollback while it waits, or while it trains, ends it', async () => {
  const waiting = new World();
  waiting.labels = 0;
  waiting.onSleep = () => {
    if (waiting.sleeps.length === 3) waiting.append('ACTIVATION', 'former', 'OPERATOR');
  };
  await waiting.answer();
  expect(waiting.added()).toEqual(['DEFERRAL champion', 'ACTIVATION former', 'REJECTION champion']);
  expect(waiting.records.at(-1)).toMatchObject({
    requestId: 'champion/1',
    reason: 'stale: it is about v-champion (activation 1), and v-former (activation 3) serves',
  });
  const training = new World();
  training.onTraining = () => training.append('ACTIVATION', 'former', 'OPERATOR');
  await training.answer();
  expect(training.added()).toEqual(['ACTIVATION former', 'REJECTION champion']);
  expect([waiting.results, training.results]).toEqual([['deferred', 'stale'], ['stale']]);
});

test('while challengers are held one is released, not activated, and that is the answer', async () => {
  const world = new World();
  world.append('HOLD', 'champion', 'OPERATOR');
  await world.answer();
  await world.answer();
  expect(world.added()).toEqual(['HOLD champion', 'RELEASE challenger-1']);
  expect(world.records[3]).toMatchObject({ requestId: 'champion/1' });
  expect(world.records[3]?.reason).toContain('held by an operator');
});

test('a training that fails is a rejection with the fault; a broker that is away is no answer', async () => {
  const broken = new World();
  broken.onTraining = () => Promise.reject(new Error('no such column'));
  await broken.answer();
  expect(broken.added()).toEqual(['REJECTION champion']);
  expect([broken.records[2]?.reason, broken.results]).toEqual(['failed: no such column', ['failed']]);
  const away = new World();
  away.onTraining = () => Promise.reject(new BankChurnError('BROKER_UNAVAILABLE', 'away'));
  await expect(away.answer()).rejects.toThrow('away');
  expect(away.added()).toEqual([]);
});

test('a batch that is given up calls the training off and writes nothing', async () => {
  const world = new World();
  let calledOff = false;
  const ports: TrainerPorts = {
    ...world.ports(),
    challenge: (_, __, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          calledOff = true;
          reject(new Error('called off'));
        });
      }),
  };
  const role = await createTrainer(ports)(0, 0);
  const record = {
    offset: 0,
    timestampMs: 0,
    key: null,
    value: Buffer.from(JSON.stringify(REQUEST)),
    headers: {},
  };
  const deciding = role({ topic: 'r', partition: 0, records: recordsOf([record]) }, () =>
    Promise.reject(new Error('the group has moved on')),
  );
  await expect(deciding).rejects.toThrow('the group has moved on');
  expect([calledOff, world.added()]).toEqual([true, []]);
});

test('a record that is no request is skipped', async () => {
  const world = new World();
  expect(await world.answer('not JSON', '{"requestId":1}', 'null', REQUEST)).toBe(4);
  expect(world.results).toEqual(['RECORD_UNDECODABLE', 'RECORD_INVALID', 'RECORD_INVALID', 'promoted']);
});

const ABSURD: [string, Partial<RetrainRequested>][] = [
  ['no id', { requestId: '' }],
  ['an id of 1 KB', { requestId: 'x'.repeat(1000) }],
  ['an activation below -1', { activation: -7 }],
  ['a time before 1970', { requestedAt: -1 }],
  ['a time after the last date', { requestedAt: 9e15 }],
  ['drift since after the request', { driftSince: REQUEST.requestedAt + 1 }],
  ['no events', { events: 0 }],
  ['a PSI below 0', { scorePsi: -0.1 }],
];
test.each(ABSURD)('a request with %s is skipped, and the next one is answered', async (_, absurd) => {
  const world = new World();
  expect(await world.answer({ ...REQUEST, ...absurd }, REQUEST)).toBe(2);
  expect(world.results).toEqual(['RECORD_INVALID', 'promoted']);
});

test('a request from the future expires like one of now', async () => {
  const world = new World();
  world.labels = 0;
  await world.answer({ ...REQUEST, requestedAt: 8e15 });
  expect(world.added()).toEqual(['DEFERRAL champion', 'REJECTION champion']);
  expect(world.records[3]?.reason).toContain('expired');
});

test('the time of a request that waits for labels is shown until it is answered, after a restart too', async () => {
  const world = new World();
  world.labels = 10;
  world.onSleep = () => {
    if (world.sleeps.some((ms) => ms >= 5000)) world.labels = 1000;
  };
  await world.answer();
  expect(world.waiting).toEqual([REQUEST.requestedAt, undefined]);
  const restarted = new World();
  restarted.append('DEFERRAL', 'champion', 'GATE', { requestId: REQUEST.requestId, reason: 'few' });
  restarted.labels = 10;
  restarted.onSleep = () => {
    if (restarted.sleeps.some((ms) => ms >= 5000)) restarted.labels = 1000;
  };
  await restarted.answer();
  expect(restarted.waiting).toEqual([REQUEST.requestedAt, undefined]);
});
