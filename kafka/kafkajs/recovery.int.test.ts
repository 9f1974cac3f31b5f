/** Rights and logins that are missing, taken away and given back, on a secured broker: errors name them, and everything goes on. */
import { randomBytes } from 'node:crypto';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startSecureBroker, type SecureBroker } from '../../e2e/secure/secure-broker.ts';
import { settled } from '../../e2e/world.ts';
import { messageOf } from '../../schemas/errors.ts';
import type { Right } from './access.fixture.ts';
import { connectTo, READS_ONLY } from './cluster.fixture.ts';
import { connectKafka } from './connect.io.ts';
import type { ConnectionSettings, KafkaClient } from '../port.ts';

const USER = 'alice';
let broker: SecureBroker;
/** Everything is allowed to it. */
let owner: KafkaClient;

beforeAll(async () => {
  broker = await startSecureBroker([USER]);
  owner = connectTo(broker.superUser);
}, 120_000);

afterAll(() => broker.stop());

const connection = (more: Partial<ConnectionSettings> = {}): ConnectionSettings => ({
  brokers: [broker.listeners.sasl],
  clientId: 'recovery',
  sessionTimeoutMs: 6000,
  ssl: false,
  sasl: { mechanism: 'scram-sha-512', username: USER, passwordFile: broker.passwordFile(USER) },
  ...more,
});
const connect = (more?: Partial<ConnectionSettings>): KafkaClient =>
  connectKafka(connection(more), () => undefined);

const right = (
  operation: Right['operation'],
  resource: Right['resource'],
  name: string,
  pattern: Right['pattern'] = 'LITERAL',
): Right => ({ operation, resource, name, pattern });

/** A topic of its own and the rights to read it. */
async function setUp() {
  const name = `t${randomBytes(4).toString('hex')}`;
  const topic = { name, partitions: 2, replicationFactor: 1, settings: {} };
  await owner.administer((admin) => admin.createTopics([topic]));
  const producer = await owner.openProducer();
  onTestFinished(async () => {
    await producer.close();
    await broker.revokeAll(USER);
  });
  const send = (...keys: string[]): Promise<void> =>
    producer.send(name, keys.map((key) => ({ key, value: key }))); // prettier-ignore
  return {
    name,
    send,
    readTopic: right('READ', 'TOPIC', name),
    readGroup: right('READ', 'GROUP', name, 'PREFIXED'),
  };
}

const messageFrom = (work: Promise<unknown>): Promise<string> =>
  work.then(() => 'it worked').catch(messageOf);

test('a reader: the right to its topic is taken and given back: it says so once, and goes on behind what it has read', { timeout: 60_000 }, async () => {
  const { name, send, readTopic } = await setUp();
  await broker.grant(USER, [readTopic]);
  await send('a', 'b', 'c');
  const seen: string[] = [];
  const told: string[] = [];
  const reader = await connect().openReader([name], { fromBeginning: true }, (_, __, { key }) => void seen.push(String(key)), (error) => told.push(messageOf(error)));
  onTestFinished(() => reader.close());
  await settled(() => seen.length === 3, 'the first records', 20_000, 0);
  await broker.revoke(USER, [readTopic]);
  await settled(() => reader.fault() !== undefined, 'a fault', 20_000, 3000);
  expect(messageOf(reader.fault())).toMatch(new RegExp(`^no right to READ topic ${name}`));
  await send('d', 'e');
  await broker.grant(USER, [readTopic]);
  const backMs = Date.now();
  await settled(() => seen.length >= 5, 'the records after it', 15_000, 1000);
  expect(Date.now() - backMs).toBeLessThan(10_000);
  expect([...seen].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(reader.fault()).toBeUndefined();
  expect(told.filter((text) => text.includes('no right')).length).toBeLessThanOrEqual(2);
}); // prettier-ignore

test('a reader of what comes from now on has also what came while it could not read', { timeout: 60_000 }, async () => {
  const { name, send, readTopic } = await setUp();
  await broker.grant(USER, [readTopic]);
  await send('before');
  const seen: string[] = [];
  const reader = await connect().openReader([name], { fromBeginning: false }, (_, __, { key }) => void seen.push(String(key))); // prettier-ignore
  onTestFinished(() => reader.close());
  await broker.revoke(USER, [readTopic]);
  await settled(() => reader.fault() !== undefined, 'a fault', 20_000, 0);
  await send('meanwhile-1', 'meanwhile-2', 'meanwhile-3');
  await broker.grant(USER, [readTopic]);
  await settled(() => seen.length >= 3, 'what came meanwhile', 15_000, 500);
  expect([...seen].sort()).toEqual(['meanwhile-1', 'meanwhile-2', 'meanwhile-3']);
}); // prettier-ignore

test('a reader and a reading of a range fail at once if the right is missing, and name it', { timeout: 60_000 }, async () => {
  const { name, send, readTopic } = await setUp();
  await send('a');
  const kafka = connect();
  const opened = () => kafka.openReader([name], { fromBeginning: true }, () => undefined);
  const read = () => messageFrom(opened());
  const readRange = () => messageFrom(kafka.readRanges(name, [{ partition: 0, from: 0, to: 1 }], () => undefined)); // prettier-ignore
  const begunMs = Date.now();
  const missing = `no right to READ topic ${name}`;
  for (const granted of [[], [right('DESCRIBE', 'TOPIC', name)]])
    for (const work of [read, readRange]) {
      await broker.revokeAll(USER);
      if (granted.length > 0) await broker.grant(USER, granted);
      expect(await work()).toContain(missing);
    }
  await broker.grant(USER, [readTopic]);
  expect([await readRange(), await messageFrom(opened().then((reader) => reader.close()))]).toEqual(['it worked', 'it worked']);
  expect(Date.now() - begunMs).toBeLessThan(15_000);
}); // prettier-ignore

test.each(['topic', 'group'] as const)(
  'the loop’s consumer: the right to its %s is taken and given back: the same consumer joins again',
  { timeout: 60_000 },
  async (what) => {
    const { name, send, readTopic, readGroup } = await setUp();
    const taken = what === 'topic' ? readTopic : readGroup;
    const fence = right('WRITE', 'TRANSACTIONAL_ID', name, 'PREFIXED');
    await broker.grant(USER, [readTopic, readGroup, fence]);
    const consumer = connect().consumer({ ...READS_ONLY, topic: name, groupId: name, sessionTimeoutMs: 6000 }); // prettier-ignore
    const seen: string[] = [];
    const failed: string[] = [];
    const crashed: string[] = [];
    let joins = 0;
    const nothing = (): void => undefined;
    await consumer.start({
      assigned: (partitions) => {
        joins += 1;
        for (const partition of partitions) {
          consumer.source.seek(partition, 0);
          consumer.source.resume(partition);
        }
      },
      deliver: (_, records, { resolve }) => {
        for (const { key, offset } of records) {
          seen.push(String(key));
          resolve(offset);
        }
        return Promise.resolve();
      },
      ...{ lag: nothing, alive: nothing, heard: nothing, left: nothing },
      failed: (error) => failed.push(messageOf(error)),
      crashed: (error) => crashed.push(messageOf(error)),
    });
    onTestFinished(() => consumer.stop());
    await send('a');
    await settled(() => seen.length === 1, 'the first record', 20_000, 0);
    const before = joins;
    await broker.revoke(USER, [taken]);
    await settled(() => failed.length > 1, 'a second try', 30_000, 0);
    expect(failed.at(-1)).toMatch(new RegExp(`^no right to READ ${what} ${name}`));
    await broker.grant(USER, [taken]);
    await settled(() => joins > before, 'the next join', 15_000, 0);
    await send('b');
    await settled(() => seen.includes('b'), 'the record after it', 10_000, 0);
    expect(crashed).toEqual([]);
  },
);

test('writers name the right that is missing', { timeout: 60_000 }, async () => {
  const { name, readTopic } = await setUp();
  const kafka = connect();
  const scope = { outputs: [{ topic: name, partition: 0 }], groupId: name };
  const writeTopic = right('WRITE', 'TOPIC', name);
  const writeId = right('WRITE', 'TRANSACTIONAL_ID', name);
  const write = async (): Promise<void> => {
    const writer = await kafka.openFencedWriter(name, scope);
    try {
      const transaction = await writer.begin();
      await transaction.send({ topic: name, partition: 0, records: [{ key: 'k', value: 'v' }] });
      await transaction.sendOffsets(name, 0, 1, undefined);
      await transaction.commit();
    } finally {
      await writer.close();
    }
  };
  const found: string[] = [];
  const writeOther = right('WRITE', 'TOPIC', 'another');
  const rights = [[], [writeTopic], [writeId, writeOther], [writeId, writeTopic, readTopic]];
  for (const granted of rights) {
    await broker.revokeAll(USER);
    if (granted.length > 0) await broker.grant(USER, granted);
    found.push((await messageFrom(write())).replace(/ \(.*/, ''));
  }
  await broker.grant(USER, [right('READ', 'GROUP', name)]);
  found.push(await messageFrom(write()));
  expect(found).toEqual([
    `no right to WRITE transactional id ${name}`,
    `no right to WRITE transactional id ${name}`,
    `no right to WRITE topic ${name}`,
    `no right to READ group ${name}`,
    'it worked',
  ]);
});

test('a look at topics tells what is missing from what may not be described, and names login and certificate', { timeout: 60_000 }, async () => {
  const { name, readTopic } = await setUp();
  const look = async (more?: Partial<ConnectionSettings>): Promise<string> => {
    const probe = connect(more).openProbe();
    try {
      return JSON.stringify([...(await probe.look([name, 'none']))]);
    } catch (error) {
      return messageOf(error);
    } finally {
      await probe.close();
    }
  };
  await broker.grant(USER, [readTopic, right('DESCRIBE', 'TOPIC', 'none')]);
  expect(await look()).toBe(JSON.stringify([[name, 2], ['none', 'missing']])); // prettier-ignore
  await broker.revoke(USER, [readTopic]);
  expect(await look()).toBe(JSON.stringify([[name, 'forbidden'], ['none', 'missing']])); // prettier-ignore

  const wrong = join(broker.folder, 'wrong.password');
  await writeFile(wrong, 'wrong');
  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const)
    expect(await look({ sasl: { mechanism, username: USER, passwordFile: wrong } })).toMatch(
      new RegExp(`^login refused for user ${USER} with ${mechanism}: .*[Aa]uthentication`),
    );
  expect(await look({ sasl: { mechanism: 'plain', username: USER, passwordFile: '/none' } })).toMatch(
    /^no login for user alice: the password file cannot be read: ENOENT/,
  );
  const tls = { brokers: [broker.listeners.saslSsl] };
  expect(await look({ ...tls, ssl: { caFile: broker.caFile } })).toContain('missing');
  expect(await look({ ...tls, ssl: { caFile: broker.otherCaFile } })).toMatch(
    /^no TLS connection to Kafka: .*certificate.*\(see kafka.caFile/,
  );
  expect(await look({ ...tls, ssl: { caFile: '/none' } })).toMatch(/^no TLS connection to Kafka: kafka\.caFile: .*ENOENT/);
  expect(await look({ brokers: ['127.0.0.1:1'] })).toMatch(/ECONNREFUSED/);
}); // prettier-ignore

test('a new password is used at the next connection, without a restart', { timeout: 60_000 }, async () => {
  const { name, send, readTopic } = await setUp();
  await broker.grant(USER, [readTopic]);
  const passwordFile = join(broker.folder, 'rotated.password');
  await copyFile(broker.passwordFile(USER), passwordFile);
  onTestFinished(() => rm(passwordFile));
  const kafka = connect({ sasl: { mechanism: 'scram-sha-512', username: USER, passwordFile } });
  const probe = (): Promise<string> => {
    const look = kafka.openProbe();
    return messageFrom(look.look([name])).finally(() => look.close());
  };
  expect(await probe()).toBe('it worked');
  await writeFile(passwordFile, 'not yet');
  expect(await probe()).toMatch(/^login refused for user alice/);
  expect(await messageFrom(kafka.openReader([name], { fromBeginning: true }, () => undefined))).toMatch(/^login refused/); // prettier-ignore
  await copyFile(broker.passwordFile(USER), passwordFile);
  expect(await probe()).toBe('it worked');
  const seen: string[] = [];
  const reader = await kafka.openReader([name], { fromBeginning: true }, (_, __, { key }) => void seen.push(String(key))); // prettier-ignore
  onTestFinished(() => reader.close());
  await send('a');
  await settled(() => seen.length === 1, 'a record', 10_000, 0);
});
