import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../config-file.io.ts';
import { KafkaError } from '../kafka/errors.ts';
import { sentenceOf } from './bankchurn.ts';
import { programArguments } from './service-process.io.ts';

const CONFIG = 'configs/config.yaml';

function bankchurn(...args: string[]) {
  return spawnSync(process.execPath, [...programArguments(), ...args], { encoding: 'utf8', input: '' });
}

test('--help names every command; usage faults exit with 2; words go to stderr', () => {
  const help = bankchurn('--help');
  expect(help.status).toBe(0);
  for (const name of [
    'serve',
    'produce',
    'consume',
    'score',
    'explain',
    'train',
    'retrain',
    'trainer',
    'topics',
    'offsets',
    'broker',
    'demo',
  ])
    expect(help.stdout).toContain(name);
  const unknown = bankchurn('nonsense');
  expect([unknown.status, unknown.stdout]).toEqual([2, '']);
  expect(bankchurn('produce', '--rate', 'fast').status).toBe(2);
  expect(bankchurn('explain', 'customer-events/0').status).toBe(2);
  expect(bankchurn('offsets', 'adopt', '--from', 'somewhere').status).toBe(2);
});

test('score: a line that is no event is named, exit 1, nothing on stdout', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'events.jsonl');
  writeFileSync(
    file,
    '{"eventId":"a","customerId":"b","occurredAt":1764000000000,"age":1}\n{"eventId":"a","customerId":"b","occurredAt":1764000000000,"age":-1}\n',
  );
  const run = bankchurn('score', file);
  expect([run.status, run.stdout]).toEqual([1, '']);
  expect(run.stderr).toContain('line 2: age is below 0');
});

test('what a record holds does nothing to the terminal, and a misspelt variable is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'events.jsonl');
  const customerId = 'c\u009b31m\u202e\u001b]0;x\u0007';
  const event = { eventId: 'e\u009b2K', customerId, occurredAt: 1_764_000_000_000, age: 1, 'x\u009b31m': 1 };
  writeFileSync(file, `${JSON.stringify(event)}\n`);
  const run = spawnSync(process.execPath, [...programArguments(), 'score', file], {
    encoding: 'utf8',
    env: { ...process.env, KAFKA_BROKER: 'k:1', KAFKA_SASL_PASSWORD: 'hunter2' },
  });

  expect(run.stdout + run.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(JSON.parse(run.stdout)).toMatchObject({ customerId });
  expect(run.stderr).toContain('there is no variable KAFKA_BROKER: did you mean KAFKA_BROKERS?');
  expect(run.stderr).toContain('use KAFKA_SASL_PASSWORD_FILE');
  expect(run.stderr).not.toContain('hunter2');
});

test('Ctrl-C ends `consume` while Kafka does not answer', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const env = { ...process.env, KAFKA_BROKERS: `127.0.0.1:${String(port)}` };
  const child = spawn(process.execPath, [...programArguments(), 'consume'], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(silent, 'connection');
  const ended = once(child, 'close');
  const begun = performance.now();
  child.kill('SIGINT');
  expect((await ended)[0]).toBe(0);
  expect(performance.now() - begun).toBeLessThan(20_000);
});

test('a command that does not reach Kafka says so, and which variable to look at', () => {
  const error = new KafkaError('transient', 'Connection error: connect ECONNREFUSED 127.0.0.1:9092');
  expect(sentenceOf(error)).toMatch(/^Kafka does not answer .*ECONNREFUSED.*KAFKA_BROKERS/);
  expect(sentenceOf(new KafkaError('missing', 'no topic'))).toBe('no topic');
  const none = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', path: 'a.csv' });
  expect(sentenceOf(none)).toBe('a.csv: there is no such file or folder: check the name');
});

/** A file with one event, and the program's arguments that score it. */
function scoreOneEvent(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'events.jsonl');
  writeFileSync(file, '{"eventId":"a","customerId":"b","occurredAt":1764000000000,"age":1}\n');
  return ['score', file];
}

test('a reader that has had enough (`| head`) ends a command without a stack trace', async () => {
  const child = spawn(process.execPath, [...programArguments(), ...scoreOneEvent()]);
  child.stdout.destroy();
  let words = '';
  child.stderr.on('data', (bytes: Buffer) => (words += bytes.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(1);
  expect(words).not.toMatch(/EPIPE|at /);
});

test('empty variables count as not set: the configuration file and the model of the package are taken', () => {
  const absolute = programArguments().map((part) => (part === 'tsx' ? import.meta.resolve('tsx') : part));
  const run = spawnSync(process.execPath, [...absolute, ...scoreOneEvent()], {
    encoding: 'utf8',
    cwd: tmpdir(),
    env: { ...process.env, CONFIG: '', MODEL_DIR: '' },
  });
  expect(run.stderr).toContain('1 scores by model');
  expect(run.status).toBe(0);
});

test('the file as it ships is valid; the environment wins over it', () => {
  const shipped = loadConfig({ path: CONFIG, env: {} });
  expect(shipped).toMatchObject({
    delivery: 'exactly-once',
    http: { port: 8000 },
    workers: 1,
    resampling: { strategy: 'none' },
    mlflow: { enabled: false },
  });
  const env = {
    KAFKA_BROKERS: 'a:1, b:2',
    TOPIC_PREFIX: 'x.',
    LOG_LEVEL: 'debug',
    START_FROM: '2026-01-01T00:00:00Z',
    MLFLOW_TRACKING_URI: 'http://m:5000',
  };
  expect(loadConfig({ path: CONFIG, env })).toMatchObject({
    kafka: { brokers: ['a:1', 'b:2'] },
    group: 'x.bankchurn-scorer',
    topics: { names: { churnScores: 'x.churn-scores' } },
    logLevel: 'DEBUG',
    startFrom: { timestampMs: Date.UTC(2026, 0, 1) },
    mlflow: { enabled: true },
  });
});

test('errors are reported all at once, with key, variable and what is allowed; secrets are not shown', () => {
  const env = {
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: 'me',
    KAFKA_SASL_PASSWORD_FILE: '/secret/file',
  };
  expect(() => loadConfig({ path: CONFIG, env })).toThrow(
    /kafka.saslMechanism \[KAFKA_SASL_MECHANISM\]: plain sends the password readable/,
  );
  const many = { WORKERS: '0', DELIVERY: 'twice', START_FROM: 'soon', MODEL_SOURCE: 'x' };
  expect(() => loadConfig({ path: CONFIG, env: many })).toThrow(
    /4 errors[\s\S]*delivery \[DELIVERY\]: a text \(not shown\): must be exactly-once \| at-least-once/,
  );
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'c.yaml'), 'kafka: [1]\nspeling: true\n');
  expect(() => loadConfig({ path: join(folder, 'c.yaml'), env: {} })).toThrow(/speling: no such setting/);
  expect(() => loadConfig({ path: join(folder, 'none.yaml'), env: {} })).toThrow(/cannot be read/);
});
