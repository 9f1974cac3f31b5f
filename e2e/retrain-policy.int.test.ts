/** The retrain policy by commands on real Kafka: pause, a request by hand, resume, approval; a stale request. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { programArguments, type ServiceProcess } from '../cli/service-process.io.ts';
import { waitingForApproval } from '../models/log-requests.ts';
import { activeModel } from '../models/log.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { readRequests, writeRequest } from '../service/retrain-requests.io.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { createWorld, produceRaw } from './world.ts';

const drifted = [...simulateEvents(6000, 2, 'new-', { name: 'new-product', overEvents: 0 })];

const version = async ({ port }: ServiceProcess): Promise<unknown> =>
  ((await (await fetch(`http://127.0.0.1:${String(port)}/health`)).json()) as { model_version: unknown })
    .model_version;

test(
  'paused, asked by hand, restarted, resumed: the challenger waits, and serves once it is approved',
  { timeout: 180_000 },
  async () => {
    const world = await createWorld({ env: { TRAINING_ACTIVATION: 'approve' } });
    const modelLog = modelLogOf(world.context);
    const bankchurn = async (...args: string[]): Promise<string> => {
      const env = { ...process.env, ...world.env };
      const run = promisify(execFile)(process.execPath, [...programArguments(), ...args], { env, cwd: packageRoot() }); // prettier-ignore
      return (await run).stdout.trim();
    };
    const status = async () =>
      JSON.parse(await bankchurn('trainer', 'status', '--json')) as Record<string, unknown>;
    const scorer = await world.start({}, ['scorer']);
    const trainer = await world.start({}, ['trainer']);
    await produceRaw(
      world,
      drifted.map(({ event }) => ({ key: event.customerId, value: JSON.stringify(event) })),
    );
    const outcomes = drifted.map(({ event: { eventId, customerId }, churned }) => {
      const outcome = { outcomeId: `o-${eventId}`, customerId, eventId, churned, observedAt: Date.now() };
      return { key: customerId, value: JSON.stringify(outcome) };
    });
    await produceRaw(world, outcomes, 'customerOutcomes');
    await vi.waitFor(async () => expect(await version(scorer)).toBeTypeOf('string'), 30_000);
    const champion = activeModel(await modelLog.read())!;

    await bankchurn('trainer', 'pause', '--reason', 'audit');
    const requestId = await bankchurn('retrain', '--reason', 'new tariff');
    await trainer.kill();
    const again = await world.start({}, ['trainer']);
    await vi.waitFor(async () => expect(await status()).toMatchObject({ trainers: 1 }), 60_000);
    expect(await status()).toMatchObject({
      paused: { reason: 'audit' },
      serves: { version: champion.version },
      requests: [{ requestId, state: 'open', reason: 'by hand: new tariff' }],
    });
    expect([trainer, again].map((one) => one.tail()).join()).not.toContain('training a challenger');

    await bankchurn('trainer', 'resume');
    const waiting = await vi.waitFor(
      async () => {
        const [release] = waitingForApproval(await modelLog.read());
        expect(release).toMatchObject({ requestId, awaits: champion.offset });
        return release!;
      },
      { timeout: 60_000, interval: 1000 },
    );
    expect(await version(scorer)).toBe(champion.version);
    await bankchurn('models', 'approve', waiting.version, '--reason', 'looked at');
    expect(await version(scorer)).toBe(waiting.version);
    const log = await modelLog.read();
    expect(activeModel(log)).toMatchObject({
      version: waiting.version,
      origin: 'OPERATOR',
      reason: 'looked at',
    });
    expect(activeModel(log)?.actor).toContain('@');
    expect(log.answers.get(requestId)?.kind).toBe('ACTIVATION');

    const [asked] = await readRequests(world.context);
    await writeRequest(world.context, { ...asked!, requestId: 'late' });
    await vi.waitFor(
      async () => {
        const answer = (await modelLog.read()).answers.get('late');
        expect(answer).toMatchObject({
          kind: 'REJECTION',
          reason: expect.stringContaining('stale') as string,
        });
      },
      { timeout: 30_000, interval: 1000 },
    );
  },
);
