/** Rights that are missing on a secured broker: each port names the one, and goes on once it is given. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSecureBroker, type SecureBroker } from '../../e2e/secure/secure-broker.ts';
import { messageOf } from '../../schemas/errors.ts';
import type { Right } from './access.fixture.ts';
import { createKafka } from './client.io.ts';
import { framed, joinAlone, scopeOf, setScene, write } from './group-ports.fixture.ts';

const USER = 'alice';
let broker: SecureBroker;
beforeAll(async () => {
  broker = await startSecureBroker([USER]);
}, 120_000);
afterAll(() => broker.stop());

const right = (operation: Right['operation'], resource: Right['resource'], name: string): Right => ({
  operation,
  resource,
  name,
  pattern: resource === 'TRANSACTIONAL_ID' ? 'PREFIXED' : 'LITERAL',
});

/** A user without any right, who logs in with a password. */
async function setOut() {
  const kafka = createKafka(
    {
      brokers: [broker.listeners.sasl],
      clientId: 'rights',
      sessionTimeoutMs: 6000,
      ssl: false,
      sasl: { mechanism: 'scram-sha-512', username: USER, passwordFile: broker.passwordFile(USER) },
    },
    () => undefined,
  );
  const scene = await setScene(broker.superUser, kafka);
  const { topic, output, settings } = scene;
  const rights = {
    read: right('READ', 'TOPIC', topic),
    write: right('WRITE', 'TOPIC', output),
    group: right('READ', 'GROUP', settings.groupId),
    id: right('WRITE', 'TRANSACTIONAL_ID', `${settings.groupId}.`),
  };
  const grant = (...which: (keyof typeof rights)[]) => broker.grant(USER, which.map((name) => rights[name])); // prettier-ignore
  return { ...scene, grant, ports: await scene.ports() };
}

const refusal = (work: Promise<unknown>): Promise<string> => work.then(() => 'it worked').catch(messageOf);

test('each call names the right that it lacks', { timeout: 60_000 }, async () => {
  const { ports, grant, topic, output, settings, writer } = await setOut();
  const { group, offsets, fetch, transactions } = ports;
  const to = [{ topic: output, partition: 0 }];
  const NO_GROUP = `no right to READ group ${settings.groupId} (GROUP_AUTHORIZATION_FAILED)`;
  const NO_TOPIC = `no right to READ topic ${topic} (TOPIC_AUTHORIZATION_FAILED)`;
  const NO_ID = `no right to WRITE transactional id ${writer('a')} (TRANSACTIONAL_ID_AUTHORIZATION_FAILED)`;
  expect(await refusal(group.join('', 'wa'))).toBe(NO_GROUP);
  expect(await refusal(offsets.read([0], true))).toBe(NO_GROUP);
  expect(await refusal(fetch.leaders(true))).toBe(NO_TOPIC);
  expect(await refusal(group.partitions())).toBe(NO_TOPIC);
  expect(await refusal(transactions.open(writer('a'), scopeOf(to)))).toBe(NO_ID);
  expect(await refusal(transactions.fence(writer('a'), scopeOf(to)))).toBe(NO_ID);
  await grant('group');
  expect(await refusal(offsets.read([0], true))).toBe(NO_TOPIC);
  await grant('read', 'id');
  const of = await joinAlone(ports, 'wa');
  const producer = await transactions.open(writer('a'), scopeOf(to));
  const NO_OUTPUT = `no right to WRITE topic ${output} (TOPIC_AUTHORIZATION_FAILED)`;
  expect(await refusal(write(producer, { to, values: ['x'] }))).toBe(NO_OUTPUT);
  const plain = await transactions.openPlain();
  expect(await refusal(plain.produce([{ ...to[0]!, records: framed(['x']) }]))).toBe(NO_OUTPUT);
  await grant('write');
  const again = await transactions.open(writer('a'), scopeOf(to));
  await write(again, { to, values: ['x'], of, offsets: [{ partition: 0, offset: 1, note: '' }] });
  await again.end(true);
  await broker.revokeAll(USER);
});

test('a fetch that may no longer read names the right', { timeout: 60_000 }, async () => {
  const { ports, grant, topic } = await setOut();
  await grant('read', 'group');
  const leaders = await ports.fetch.leaders(true);
  const fetch = () => ports.fetch.fetch(leaders.get(0)!, [{ partition: 0, offset: 0, maxBytes: 1000 }], 100);
  expect(await fetch()).toMatchObject([{ error: undefined }]);
  await broker.revokeAll(USER);
  await expect
    .poll(() => refusal(fetch()), { timeout: 10_000 })
    .toBe(`no right to READ topic ${topic} (TOPIC_AUTHORIZATION_FAILED)`);
});
