/** Careless settings: whatever holds a secret by mistake, no message shows it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from './cli/context.ts';
import { loadConfig } from './config-file.io.ts';
import { DECLARED } from './config.ts';
import { loginOf } from './kafka/kafkajs/login.io.ts';
import { createSockets } from './kafka/kafkajs/sockets.io.ts';
import { readRelease } from './models/store.io.ts';
import { SCHEMAS } from './schemas/generated.ts';
import { createRegistry } from './schemas/registry.io.ts';
import { registryOf } from './service/wiring.io.ts';
import { recordInMlflow } from './training/mlflow.io.ts';

const SECRET = 'hunter2';
const SHIPPED = 'configs/config.yaml';

function yamlFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-secrets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'config.yaml'), text);
  return join(folder, 'config.yaml');
}

/** What loading says: the error's message, if there is one. */
function said(env: Readonly<Record<string, string>>, path = SHIPPED): string {
  const words: string[] = [];
  try {
    readConfig({ config: path }, env, (warning) => words.push(warning));
  } catch (error) {
    words.push(String(error));
  }
  return words.join('\n');
}

/** An error with its causes and all their fields. */
const inFull = (error: unknown): string => inspect(error, { depth: 8 });

/** A password alone, with its user, in an address. */
const CARELESS = [
  SECRET,
  `me:${SECRET}@host:9092`,
  `http://me:${SECRET}@host`,
  `ftp://${SECRET}@host`,
  `"${SECRET}`,
];

test.each(DECLARED)('a secret in $key or $variable', ({ key, variable }) => {
  const nested = (value: string): string =>
    key.split('.').reduceRight((inner, name) => `{ ${name}: ${inner} }`, value);
  const messages = CARELESS.flatMap((careless) => [
    said({ [variable]: careless }),
    said({ [`${variable}S`]: careless, [variable.slice(0, -1)]: careless }),
    said({}, yamlFile(nested(JSON.stringify(careless)))),
    said({}, yamlFile(nested(`[${JSON.stringify(careless)}]`))),
    said({}, yamlFile(nested(`{ a: ${JSON.stringify(careless)} }`))),
  ]);
  expect(messages.filter((message) => message.includes(SECRET))).toEqual([]);
});

test.each([
  `registry:\n  a: "${SECRET}"\n  a: "${SECRET}"`,
  `kafka: { saslPasswordFile: *${SECRET} }`,
  `kafka: { saslPasswordFile: !${SECRET} x }`,
  `kafka:\n  saslPasswordFile: "${SECRET}`,
  `kafka:\n\tsaslPasswordFile: ${SECRET}`,
  `kafka:\n  saslPasswordFile: me:${SECRET}: x`,
  `kafka:\n  saslPasswordFile: 'it''s' ${SECRET}`,
  `kafka:\n  saslPasswordFile: "\\${SECRET}"`,
  `kafka: { saslPasswordFile: {${SECRET}: 1 `,
  `a: 1\n---\n${SECRET}: 2`,
  `kafka:\n  "me:${SECRET}@host:9092": 1`,
  `%${SECRET}\n---\nkafka: {}`,
])('a secret in a broken file: %j', (text) => {
  const message = said({}, yamlFile(text));
  expect(message).toMatch(/config\.yaml/);
  expect(message).not.toContain(SECRET);
});

test('a number may be a password', () => {
  expect(said({}, yamlFile('kafka: { saslPasswordFile: 73317331 }'))).toMatch(
    /saslPasswordFile: a number \(not shown\)/,
  );
});

test.each(['http', 'https'])('credentials in an %s address are refused, with what to do', (scheme) => {
  for (const [variable, section] of [
    ['SCHEMA_REGISTRY_URL', 'registry'],
    ['MLFLOW_TRACKING_URI', 'mlflow'],
  ] as const) {
    const address = `${scheme}://me:${SECRET}@host/path`;
    const message = said({ [variable]: address });
    expect(message).toContain(`use ${section}.username and ${section}.passwordFile`);
    const allowed = {
      [variable]: address,
      [variable.replace(/_U?R[LI]$|_TRACKING_URI$/, '_ALLOW_EXPOSED_CREDENTIALS')]: '1',
    };
    expect(said(allowed)).toBe('');
  }
});

test('what a file holds is no path to it', () => {
  const pem = `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\n`;
  const message = said({ KAFKA_SSL: '1', KAFKA_CERT_FILE: 'c.pem', KAFKA_KEY_FILE: pem });
  expect(message).toContain('kafka.keyFile [KAFKA_KEY_FILE]: a text (not shown): must be a path');
  expect(message).not.toContain(SECRET);
});

test('a password over http is refused without a permission', () => {
  const env = {
    SCHEMA_REGISTRY_URL: 'http://r',
    SCHEMA_REGISTRY_USERNAME: 'me',
    SCHEMA_REGISTRY_PASSWORD_FILE: 'p',
  };
  expect(said(env)).toContain('http sends the password readable');
  expect(said({ ...env, SCHEMA_REGISTRY_URL: 'https://r' })).toBe('');
  expect(said({ ...env, SCHEMA_REGISTRY_ALLOW_EXPOSED_CREDENTIALS: 'true' })).toBe('');
});

test('the broker’s password and key, in the place of their files', async () => {
  const provider = loginOf({ mechanism: 'scram-sha-256', username: 'me', passwordFile: SECRET });
  const login = provider.authenticationProvider({} as never).authenticate();
  const refused = await login.then(() => 'logged in', inFull);
  expect(refused).toContain('the password file cannot be read: ENOENT');
  const ssl = { caFile: undefined, certFile: undefined, keyFile: SECRET };
  const socket = createSockets(ssl)({ host: '127.0.0.1', port: 1, ssl: {}, onConnect: () => undefined });
  const failed = inFull(await once(socket, 'error'));
  expect(failed).toContain('kafka.keyFile: names no file that can be read (ENOENT)');
  expect([refused, failed].filter((message) => message.includes(SECRET))).toEqual([]);
});

test('services that are away, and files that are the password itself', async () => {
  const env = {
    SCHEMA_REGISTRY_URL: `http://me:${SECRET}@127.0.0.1:1`,
    SCHEMA_REGISTRY_ALLOW_EXPOSED_CREDENTIALS: '1',
    MLFLOW_TRACKING_URI: `http://me:${SECRET}@127.0.0.1:1`,
    MLFLOW_ALLOW_EXPOSED_CREDENTIALS: '1',
  };
  const config = loadConfig({ path: SHIPPED, env });
  const run = {
    release: await readRelease('models/champion'),
    alias: 'champion',
    begunMs: 1,
    endedMs: 2,
    files: {},
  } as const;
  const registry = registryOf(config)!;
  onTestFinished(() => registry.close());
  const faults = await Promise.all([
    registry.schemaId('s', SCHEMAS.ChurnScore, 'FULL_TRANSITIVE').catch(inFull),
    registry.deleteSubject('s').catch(inFull),
    registry.decode(Buffer.from([0, 0, 0, 0, 1])).then(JSON.stringify, inFull),
    recordInMlflow(config.mlflow, run).then(JSON.stringify),
  ]);
  expect(faults.filter((fault) => !/ECONNREFUSED|bad port/.test(String(fault)))).toEqual([]);
  expect(faults.filter((fault) => String(fault).includes(SECRET))).toEqual([]);
  expect(() =>
    createRegistry({
      ...config.registry,
      url: 'http://r',
      caFile: undefined,
      username: 'me',
      passwordFile: SECRET,
    }),
  ).toThrow(/registry\.passwordFile: names no file that can be read \(ENOENT\)$/);
});
