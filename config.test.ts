import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from './config.ts';
import { BankChurnError } from './schemas/errors.ts';

const SHIPPED = 'configs/config.yaml';

/** The faults of a configuration, one a line; fails where it has none or they are no CONFIG_INVALID. */
function faults(env: Record<string, string>, path = SHIPPED): string {
  try {
    loadConfig({ path, env });
  } catch (error) {
    if (error instanceof BankChurnError && error.code === 'CONFIG_INVALID') return error.message;
    throw error;
  }
  throw new Error('no fault');
}

function yamlFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'config.yaml'), text);
  return join(folder, 'config.yaml');
}

test.each([
  'just words',
  '- a\n- b',
  '42',
  'kafka: words',
  'kafka: [1]',
  'kafka:',
  '',
  'kafka: {}\nkafka: {}',
])('a file of another shape is a fault of the configuration: %j', (text) => {
  expect(faults({ KAFKA_BROKERS: 'a:1' }, yamlFile(text))).toMatch(/config\.yaml/);
});

test('faults of values, combinations and unknown keys are told together', () => {
  const message = faults({ WORKERS: '0', KAFKA_SASL_MECHANISM: 'plain', KAFKA_BROKERS: 'a:1,b' });
  for (const part of [
    '5 faults',
    'workers [WORKERS]: 0:',
    'kafka.brokers.1 [KAFKA_BROKERS]: "b": must be host:port',
    'kafka.saslMechanism [KAFKA_SASL_MECHANISM]: plain sends the password readable',
    'kafka.saslPasswordFile: missing: needed by kafka.saslMechanism [KAFKA_SASL_MECHANISM]',
    'kafka.saslUsername: missing',
  ])
    expect(message).toContain(part);
  expect(faults({}, yamlFile('kafka: { speling: 1, other: 2 }'))).toMatch(
    /kafka\.speling: no such setting\n {2}kafka\.other: no such setting/,
  );
});

test.each<[variable: string, value: string, allowed: string]>([
  ['KAFKA_BROKERS', 'a:99999', 'the port 1..65535'],
  ['KAFKA_BROKERS', 'http://a:9092', 'host:port'],
  ['KAFKA_BROKERS', ' , ', 'an empty list'],
  ['START_FROM', '-5', 'earliest, latest or a timestamp'],
  ['START_FROM', 'May 5', 'earliest, latest or a timestamp'],
  ['PORT', '70000', '<=65535'],
  ['WORKERS', 'Infinity', 'Infinity'],
  ['KAFKA_SSL', 'maybe', 'boolean'],
  ['KAFKA_SASL_USERNAME', 'me', 'kafka.saslMechanism: missing'],
  ['MLFLOW_TRACKING_URI', 'file:///tmp', 'http or https'],
  ['LOG_LEVEL', 'LOUD', 'DEBUG'],
])('%s=%s is a fault that says what is allowed', (variable, value, allowed) => {
  const message = faults({ [variable]: value });
  expect(message).toContain(`[${variable}]`);
  expect(message).toContain(allowed);
});

test('TLS files without TLS, half a client certificate, a readable registry password', () => {
  const text = 'kafka: { ssl: false, certFile: c.pem }\nregistry: { url: "http://r", username: me }';
  const message = faults({}, yamlFile(text));
  for (const part of [
    'kafka.certFile: is of no use without kafka.ssl: true',
    'kafka.keyFile: missing: needed by kafka.certFile',
    'registry.passwordFile: missing: needed by registry.username',
    'registry.username: http sends the password readable',
  ])
    expect(message).toContain(part);
});

test('what may be a secret is not printed', () => {
  const messages = [
    faults({ SCHEMA_REGISTRY_URL: 'ftp://me:hunter2@host' }),
    faults({ MLFLOW_TRACKING_URI: 'me:hunter2@ host' }),
    faults({ KAFKA_BROKERS: 'me:hunter2@host:9092' }),
    faults({}, yamlFile('kafka:\n  saslPasswordFile: [hunter2]')),
    faults({}, yamlFile('registry: [hunter2]')),
    faults({}, yamlFile('registry:\n  a: "hunter2"\n  a: "hunter2"')),
  ];
  expect(messages.filter((message) => message.includes('hunter2'))).toEqual([]);
});

test.each<[text: string, startFrom: unknown]>([
  ['latest', 'latest'],
  ['1767225600000', { timestampMs: 1_767_225_600_000 }],
  ['2026-01-01', { timestampMs: 1_767_225_600_000 }],
  ['2026-01-01T01:00:00+01:00', { timestampMs: 1_767_225_600_000 }],
])('START_FROM=%s', (text, startFrom) => {
  expect(loadConfig({ path: SHIPPED, env: { START_FROM: text } }).startFrom).toEqual(startFrom);
});

test('TLS with a client certificate and SCRAM is valid', () => {
  const env = {
    KAFKA_SSL: 'true',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'me',
    KAFKA_SASL_PASSWORD_FILE: '/run/secrets/kafka',
  };
  expect(loadConfig({ path: SHIPPED, env }).kafka).toMatchObject({
    ssl: true,
    saslMechanism: 'scram-sha-512',
    saslPasswordFile: '/run/secrets/kafka',
  });
});
