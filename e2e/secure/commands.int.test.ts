/** Each command with its own rights alone, and without one of them. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { packageRoot } from '../../cli/context.ts';
import { programArguments, startService } from '../../cli/service-process.io.ts';
import { simulateEvents } from '../../producers/simulate-events.io.ts';
import { COMMANDS, commandRights, roleRights, type CommandName } from '../../service/rights.ts';
import { ROLES } from '../../service/role-topics.ts';
import { startSecureBroker, type SecureBroker } from './secure-broker.ts';
import { openSite, type Site } from './site.ts';
import { names } from './trial.ts';

const SHIPPED = JSON.parse(readFileSync('models/champion/manifest.json', 'utf8')) as {
  readonly version: string;
};

let broker: SecureBroker;
let site: Site;

/** A deployment with scores, a dead letter and verdicts, its service stopped. */
beforeAll(async () => {
  broker = await startSecureBroker(['service', ...COMMANDS.map(userOf)]);
  site = await openSite(broker, 'c.', { DRIFT_PANE_EVENTS: '50' });
  const { config, kafka } = site.context;
  for (const role of ROLES) await broker.grant('service', roleRights(role, config));
  const service = await startService(site.env('service'));
  const { customerEvents, deadLetters, driftVerdicts } = config.topics.names;
  const producer = await kafka.openProducer();
  for (let i = 0; i < 5; i++) {
    const events = [...simulateEvents(100, i + 1, `e${String(i)}-`)];
    const records = events.map(({ event }) => ({ key: event.customerId, value: JSON.stringify(event) }));
    await producer.send(customerEvents, [...records, { key: 'x', value: 'no event' }]);
    await sleep(300);
  }
  await producer.close();
  const ends = (topic: string): Promise<number> =>
    kafka.administer(async (admin) => (await admin.offsetBounds(topic)).reduce((sum, { to }) => sum + to, 0));
  await vi.waitFor(
    async () =>
      expect([await ends(driftVerdicts), await ends(deadLetters)].every((end) => end > 0)).toBe(true),
    { timeout: 40_000, interval: 500 },
  );
  await service.stop();
}, 120_000);
afterAll(() => broker.stop());

function userOf(command: CommandName): string {
  return command.replaceAll(/[^a-z]+/g, '-');
}

const ARGUMENTS: Readonly<Record<CommandName, readonly string[]>> = {
  produce: ['produce', '--count', '5'],
  'produce --outcomes': ['produce', '--outcomes', '--count', '5', '--label-lag', '0.1'],
  consume: ['consume', '--from-beginning', '--count', '1'],
  'consume --dead-letters': ['consume', '--dead-letters', '--from-beginning', '--count', '1'],
  explain: ['explain', 'c.customer-events/0/3'],
  drift: ['drift'],
  'topics create': ['topics', 'create'],
  'models list': ['models', 'list'],
  'models activate': ['models', 'activate', SHIPPED.version, '--no-wait'],
  retrain: ['retrain', '--reason', 'why'],
  'trainer status': ['trainer', 'status'],
  'offsets show': ['offsets', 'show'],
  'offsets adopt': ['offsets', 'adopt', '--from', 'latest', '--yes'],
};

async function run(command: CommandName): Promise<{ code: unknown; words: string }> {
  const done = promisify(execFile)(process.execPath, [...programArguments(), ...ARGUMENTS[command]], {
    env: { ...process.env, ...site.env(userOf(command)) },
    cwd: packageRoot(),
    timeout: 40_000,
  });
  try {
    return { code: 0, words: (await done).stderr };
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    return { code, words: stderr ?? '' };
  }
}

test.concurrent.each(COMMANDS)('bankchurn %s', { timeout: 90_000 }, async (command) => {
  const user = userOf(command);
  const rights = commandRights(command, site.context.config);
  await broker.grant(user, rights);
  const first = await run(command);
  expect(first.code === 0 ? 'done' : first.words).toBe('done');
  const missing = rights.findLast(({ need }) => need === 'runs')!;
  await broker.revoke(user, [missing]);
  const { code, words } = await run(command);
  // Without a right to write anything the broker does not say what for.
  const isNamed = names(words, missing) || words.includes(`no right to ${missing.operation} any topic`);
  expect([code, isNamed ? 'named' : words]).toEqual([1, 'named']);
});
