/** Each way of logging in, through the service and the commands, set by variables alone; and what is said if it fails. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { packageRoot } from '../../cli/context.ts';
import { programArguments } from '../../cli/service-process.io.ts';
import { commandRights, roleRights } from '../../service/rights.ts';
import { startSecureBroker, type SecureBroker } from './secure-broker.ts';
import { openSite, type Site } from './site.ts';
import { startWatched } from './trial.ts';

const USER = 'scorer';
let broker: SecureBroker;

beforeAll(async () => {
  broker = await startSecureBroker([USER]);
}, 120_000);
afterAll(() => broker.stop());

type Variables = Record<string, string>;

const byPassword = (mechanism: string): Variables => ({
  KAFKA_BROKERS: broker.listeners.saslSsl,
  KAFKA_SSL: 'true',
  KAFKA_CA_FILE: broker.caFile,
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: USER,
  KAFKA_SASL_PASSWORD_FILE: broker.passwordFile(USER),
});
const byToken = (file: string): Variables => ({
  KAFKA_BROKERS: broker.listeners.saslSsl,
  KAFKA_SSL: 'true',
  KAFKA_CA_FILE: broker.caFile,
  KAFKA_SASL_MECHANISM: 'oauthbearer',
  KAFKA_SASL_PASSWORD_FILE: file,
});
async function byCertificate(days?: number): Promise<Variables> {
  const { cert, key } = await broker.certificate(USER, days);
  return {
    KAFKA_BROKERS: broker.listeners.mutualTls,
    KAFKA_SSL: 'true',
    KAFKA_CA_FILE: broker.caFile,
    KAFKA_CERT_FILE: cert,
    KAFKA_KEY_FILE: key,
  };
}

async function siteOf(name: string): Promise<Site> {
  const site = await openSite(broker, `${name}.`);
  const { config } = site.context;
  await broker.grant(USER, roleRights('scorer', config));
  for (const command of ['produce', 'consume'] as const)
    await broker.grant(USER, commandRights(command, config));
  return site;
}

/** A command with these variables and none of a file. */
async function run(env: Variables, ...args: string[]): Promise<{ stdout: string; words: string }> {
  const done = promisify(execFile)(process.execPath, [...programArguments(), ...args], {
    env: { ...process.env, SCHEMA_REGISTRY_URL: '', ...env },
    cwd: packageRoot(),
    timeout: 40_000,
  });
  try {
    return { stdout: (await done).stdout, words: '' };
  } catch (error) {
    return { stdout: '', words: (error as { stderr?: string }).stderr ?? '' };
  }
}

const WAYS: readonly (readonly [string, () => Promise<Variables>])[] = [
  ['a client certificate (mutual TLS)', () => byCertificate()],
  ['PLAIN over TLS', () => Promise.resolve(byPassword('plain'))],
  ['SCRAM-SHA-256', () => Promise.resolve(byPassword('scram-sha-256'))],
  ['SCRAM-SHA-512', () => Promise.resolve(byPassword('scram-sha-512'))],
  ['OAUTHBEARER', async () => byToken(await broker.writeToken(USER))],
];

test.each(WAYS)('%s, private authority: produce, score, consume', { timeout: 90_000 }, async (name, way) => {
  const prefix = name.replaceAll(/[^a-zA-Z0-9]/g, '');
  await siteOf(prefix);
  const env = { ...(await way()), TOPIC_PREFIX: `${prefix}.` };
  const service = await startWatched(env, ['scorer']);
  onTestFinished(async () => {
    await service.process.kill();
  });
  const produced = await run(env, 'produce', '--count', '20');
  expect(produced.words).toBe('');
  const { stdout, words } = await run(env, 'consume', '--from-beginning', '--count', '20', '--format', 'jsonl'); // prettier-ignore
  expect([words, stdout.trim().split('\n').length]).toEqual(['', 20]);
});

test('OAUTHBEARER: a token that has expired is named, and the next one in the file is used without a restart', { timeout: 90_000 }, async () => {
  await siteOf('token');
  const file = join(broker.folder, 'current.token');
  await broker.writeToken(USER, -60, file);
  const env = { ...byToken(file), TOPIC_PREFIX: 'token.' };
  const service = await startWatched(env, ['scorer']);
  onTestFinished(async () => {
    await service.process.kill();
  });
  await vi.waitFor(
    async () => expect((await service.health()).detail).toMatch(/login refused for the token with oauthbearer/),
    { timeout: 30_000, interval: 300 },
  );
  await broker.writeToken(USER, 3600, file);
  await vi.waitFor(async () => expect((await service.health()).status).toBe(200), {
    timeout: 30_000,
    interval: 300,
  });
}); // prettier-ignore

test.each<[what: string, env: () => Promise<Variables>, says: RegExp]>([
  ['another authority', () => Promise.resolve({ ...byPassword('scram-sha-256'), KAFKA_CA_FILE: broker.otherCaFile }),
    /no TLS connection to Kafka: unable to verify.*kafka\.caFile/],
  ['a server certificate that has expired', () => Promise.resolve({ ...byPassword('scram-sha-256'), KAFKA_BROKERS: broker.listeners.expired }),
    /no TLS connection to Kafka: certificate has expired/],
  ['a client certificate that has expired', () => byCertificate(0), /no TLS connection to Kafka: .*(client certificate|certificate unknown|certificate expired)/],
  ['no client certificate', async () => {
    return { ...(await byCertificate()), KAFKA_CERT_FILE: '', KAFKA_KEY_FILE: '' };
  }, /no TLS connection to Kafka: .*(client certificate|bad certificate|certificate required)/],
  ['a wrong password', async () => {
    const wrong = join(broker.folder, 'wrong.password');
    await writeFile(wrong, 'wrong');
    return { ...byPassword('scram-sha-512'), KAFKA_SASL_PASSWORD_FILE: wrong };
  }, /login refused for user scorer with scram-sha-512/],
  ['a password file that is not there', () => Promise.resolve({ ...byPassword('plain'), KAFKA_SASL_PASSWORD_FILE: '/no/such/file' }),
    /password file cannot be read/],
])('%s: the message names it', { timeout: 60_000 }, async (_, env, says) => {
  const { words } = await run(await env(), 'drift');
  expect(words).toMatch(says);
}); // prettier-ignore
