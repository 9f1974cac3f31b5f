import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from './config-file.io.ts';
import { DECLARED } from './config.ts';
import { BankChurnError } from './schemas/errors.ts';

const SHIPPED = 'configs/config.yaml';
const CONTRACT = [
  'KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'LOG_LEVEL', 'MLFLOW_TRACKING_URI', 'WORKERS', 'PORT', 'MODEL_DIR', 'MODEL_SOURCE',
  'TOPIC_PREFIX', 'GROUP_ID', 'START_FROM', 'DELIVERY', 'KAFKA_SSL', 'KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME',
  'KAFKA_SASL_PASSWORD_FILE', 'SESSION_TIMEOUT_MS',
]; // prettier-ignore

/** The errors of a configuration, one a line; fails if it has none or they are no CONFIG_INVALID. */
function errors(env: Record<string, string>, path = SHIPPED): string {
  try {
    loadConfig({ path, env });
  } catch (error) {
    if (error instanceof BankChurnError && error.code === 'CONFIG_INVALID') return error.message;
    throw error;
  }
  throw new Error('no error');
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
  'kafka: {}\nkafka: {}',
  'workers:',
  'drift: { threshold: }',
])('a file of another shape is an error of the configuration: %j', (text) => {
  expect(errors({ KAFKA_BROKERS: 'a:1' }, yamlFile(text))).toMatch(/config\.yaml/);
});

test('errors of values, combinations and unknown keys are reported together', () => {
  const message = errors({ WORKERS: '0', KAFKA_SASL_MECHANISM: 'plain', KAFKA_BROKERS: 'a:1,b' });
  for (const part of [
    '5 errors',
    'workers [WORKERS]: 0:',
    'kafka.brokers.1 [KAFKA_BROKERS]: a text (not shown): must be host:port',
    'kafka.saslMechanism [KAFKA_SASL_MECHANISM]: plain sends the password readable',
    'kafka.saslPasswordFile: missing: needed by kafka.saslMechanism [KAFKA_SASL_MECHANISM]',
    'kafka.saslUsername: missing',
  ])
    expect(message).toContain(part);
  expect(errors({}, yamlFile('kafka: { speling: 1, other: 2 }'))).toMatch(
    /kafka\.speling: no such setting\n {2}kafka\.other: no such setting/,
  );
});

test.each<[variable: string, value: string, allowed: string]>([
  ['KAFKA_BROKERS', 'a:99999', 'the port 1..65535'],
  ['KAFKA_BROKERS', 'http://a:9092', 'host:port'],
  ['KAFKA_BROKERS', ' , ', 'an empty list'],
  ['START_FROM', '-5', 'earliest | latest | a day'],
  ['START_FROM', 'May 5', 'earliest | latest | a day'],
  ['PORT', '70000', 'an integer, 0..65535'],
  ['WORKERS', 'Infinity', 'Infinity'],
  ['WORKERS', '0.5', 'has an error:'],
  ['KAFKA_SSL', 'maybe', 'true or false'],
  ['KAFKA_SASL_USERNAME', 'me', 'kafka.saslMechanism: missing'],
  ['MLFLOW_TRACKING_URI', 'file:///tmp', 'http or https'],
  ['LOG_LEVEL', 'LOUD', 'DEBUG'],
])('%s=%s is an error that says what is allowed', (variable, value, allowed) => {
  const message = errors({ [variable]: value });
  expect(message).toContain(`[${variable}]`);
  expect(message).toContain(allowed);
});

test('TLS files without TLS, half a client certificate, a readable registry password', () => {
  const text = 'kafka: { ssl: false, certFile: c.pem }\nregistry: { url: "http://r", username: me }';
  const message = errors({}, yamlFile(text));
  for (const part of [
    'kafka.certFile: has no effect without kafka.ssl: true',
    'kafka.keyFile: missing: needed by kafka.certFile',
    'registry.passwordFile: missing: needed by registry.username',
    'registry.username: http sends the password readable',
  ])
    expect(message).toContain(part);
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

test.each(['', 'kafka:', '{}', '# nothing', 'kafka: {}\ndrift:\n  threshold: 0.2'])(
  'what the file leaves out takes its default: %j',
  (text) => {
    expect(loadConfig({ path: yamlFile(text), env: {} })).toEqual(loadConfig({ path: SHIPPED, env: {} }));
  },
);

test('every setting has a variable of its own, and the contract’s names stay', () => {
  const names = DECLARED.map(({ variable }) => variable);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^[A-Z]+(_[A-Z0-9]+)*$/.test(name))).toEqual([]);
  expect(names).toEqual(expect.arrayContaining(CONTRACT));
});

test('a variable of each kind reaches its setting', () => {
  const env = {
    KAFKA_SSL: 'true',
    KAFKA_CA_FILE: '/run/secrets/ca.pem',
    KAFKA_CERT_FILE: 'c.pem',
    KAFKA_KEY_FILE: 'k.pem',
    SCHEMA_REGISTRY_URL: 'https://r',
    SCHEMA_REGISTRY_CA_FILE: 'r.pem',
    SCHEMA_REGISTRY_USERNAME: 'me',
    SCHEMA_REGISTRY_PASSWORD_FILE: 'p',
    TOPICS_REPLICATION_FACTOR: '3',
    TOPICS_MIN_INSYNC_REPLICAS: '2',
    TOPICS_DEAD_LETTERS: 'letters',
    DRIFT_THRESHOLD: '0.5',
    EVENTS_EARLIEST: '2020-01-01',
    TOMBSTONES: 'dead-letter',
    MLFLOW_ENABLED: '1',
  };
  const { kafka, registry, topics, drift, events, tombstones, mlflow } = loadConfig({ path: SHIPPED, env });
  expect(kafka).toMatchObject({
    ssl: true,
    caFile: '/run/secrets/ca.pem',
    certFile: 'c.pem',
    keyFile: 'k.pem',
  });
  expect(registry).toMatchObject({ url: 'https://r', caFile: 'r.pem', username: 'me', passwordFile: 'p' });
  expect(topics).toMatchObject({
    replicationFactor: 3,
    minInsyncReplicas: 2,
    names: { deadLetters: 'letters' },
  });
  expect([drift.threshold, events.earliest, tombstones, mlflow.enabled]).toEqual([
    0.5,
    Date.UTC(2020, 0),
    'dead-letter',
    true,
  ]);
});
