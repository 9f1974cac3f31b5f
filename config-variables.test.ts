import { expect, test } from 'vitest';
import { misspeltVariables, similarKey } from './config-variables.ts';
import { DECLARED } from './config.ts';

test.each([
  ['KAFKA_BROKER', 'KAFKA_BROKERS'],
  ['KAFKA_BROKRES', 'KAFKA_BROKERS'],
  ['KAFKA_BOOTSTRAP_SERVERS', 'KAFKA_BROKERS'],
  ['kafka_brokers', 'KAFKA_BROKERS'],
  ['KAFKA_BROKER_LIST', 'KAFKA_BROKERS'],
  ['KAFKA_GROUP_ID', 'GROUP_ID'],
  ['REGISTRY_PASSWORD', 'SCHEMA_REGISTRY_PASSWORD_FILE'],
  ['SCHEMA_REGISTRY', 'SCHEMA_REGISTRY_URL'],
  ['REGISTRY_URL', 'SCHEMA_REGISTRY_URL'],
  ['SCHEMA_REGISTRY_PASSWORD', 'SCHEMA_REGISTRY_PASSWORD_FILE'],
  ['KAFKA_SASL_PASSWORD', 'KAFKA_SASL_PASSWORD_FILE'],
  ['MLFLOW_TRACKING_PASSWORD', 'MLFLOW_PASSWORD_FILE'],
  ['KAFKA_CA', 'KAFKA_CA_FILE'],
  ['KAFKA_SESSION_TIMEOUT_MS', 'SESSION_TIMEOUT_MS'],
  ['WORKER', 'WORKERS'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['TOPICS_PREFIX', 'TOPIC_PREFIX'],
  ['TOPICS_REPLICATION_FACTORS', 'TOPICS_REPLICATION_FACTOR'],
])('%s is named, with %s', (name, meant) => {
  const [warning, ...more] = misspeltVariables({ [name]: 'hunter2', PATH: '/bin' });
  expect(more).toEqual([]);
  expect(warning).toMatch(new RegExp(`\\b${name}\\b.* ${meant}\\b`));
  expect(warning).not.toContain('hunter2');
});

test('a password in a variable: what to do', () => {
  expect(misspeltVariables({ KAFKA_SASL_PASSWORD: 'x' })).toEqual([
    'the variable KAFKA_SASL_PASSWORD is not read: write the password into a file and use KAFKA_SASL_PASSWORD_FILE',
  ]);
});

/** Variables of shells, Kafka's and MLflow's own, Compose's and Kubernetes' that this program may meet. */
const FOREIGN = [
  'PATH', 'HOME', 'GROUP', 'GROUPS', 'HOST', 'HOSTNAME', 'PORTS', 'LANG', 'NODE_ENV', 'EVENTS', 'DATA', 'CONFIG', 'CLIENT_ID', 'MODEL',
  'MODEL_NAME', 'LOG_DIR', 'WORKERS_COUNT', 'DEMO_EVENTS', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'KEY_FILE', 'CA_FILE',
  'KAFKA_HOME', 'KAFKA_OPTS', 'KAFKA_HEAP_OPTS', 'KAFKA_JMX_OPTS', 'KAFKA_PORT', 'KAFKA_HOST', 'KAFKA_BROKER_ID', 'KAFKA_NODE_ID',
  'KAFKA_CLUSTER_ID', 'KAFKA_LOG_DIRS', 'KAFKA_LISTENERS', 'KAFKA_ADVERTISED_LISTENERS', 'KAFKA_VERSION', 'KAFKA_IMAGE',
  'SCHEMA_REGISTRY_PORT', 'SCHEMA_REGISTRY_OPTS', 'SCHEMA_REGISTRY_HOST_NAME', 'SCHEMA_REGISTRY_LISTENERS', 'SCHEMA_REGISTRY_HEAP_OPTS',
  'MLFLOW_PORT', 'MLFLOW_EXPERIMENT_NAME', 'MLFLOW_TRACKING_TOKEN', 'MLFLOW_RUN_ID', 'BANKCHURN_PORT', 'BANKCHURN_IMAGE', 'PROMETHEUS_PORT',
  'KAFKA_SERVICE_HOST', 'KAFKA_SERVICE_PORT', 'KAFKA_PORT_9092_TCP_ADDR', 'KUBERNETES_SERVICE_HOST', 'SCHEMA_REGISTRY_SERVICE_HOST',
]; // prettier-ignore

test('variables of others are not our business', () => {
  expect(misspeltVariables(Object.fromEntries(FOREIGN.map((name) => [name, '1'])))).toEqual([]);
  // A service that is called as a variable of ours begins.
  expect(misspeltVariables({ HTTP_PORT: 'tcp://10.0.0.1:80', WORKER: 'udp://10.0.0.1:1' })).toEqual([]);
  expect(misspeltVariables(Object.fromEntries(DECLARED.map(({ variable }) => [variable, 'x'])))).toEqual([]);
  expect(misspeltVariables({ KAFKA_BROKER: '' })).toEqual([]);
  // Both are there: one for each program.
  expect(misspeltVariables({ KAFKA_BOOTSTRAP_SERVERS: 'k:1', KAFKA_BROKERS: 'k:1' })).toEqual([]);
});

test.each([
  ['kafka.broker', 'kafka.brokers'],
  ['kafka.saslPassword', 'kafka.saslPasswordFile'],
  ['brokers', 'kafka.brokers'],
  ['url', 'registry.url'],
  ['kafkas', 'kafka'],
  ['LogLevel', 'logLevel'],
  ['drift.treshold', 'drift.threshold'],
  ['http.threshold', 'drift.threshold'],
  ['kafka.speling', undefined],
  ['nonsense', undefined],
])('the key %s stands for %s', (key, meant) => {
  expect(similarKey(key)).toBe(meant);
});
