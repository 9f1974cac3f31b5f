/** Poison against transient, on the real registry and on ones that misbehave. */
import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, inject, onTestFinished, test } from 'vitest';
import { events } from '../e2e/world.ts';
import { createAvroEncoder } from './avro.ts';
import { BANK_AVRO, EVENT } from './customer/bank.fixture.ts';
import { SCHEMAS } from './generated.ts';
import { createRegistry, type Registry } from './registry.io.ts';

const SETTINGS = { timeoutMs: 400, negativeTtlMs: 60_000, autoRegister: true };

function open(url: string, more: object = {}): Registry {
  const registry = createRegistry({ ...SETTINGS, url, ...more });
  onTestFinished(() => registry.close());
  return registry;
}

async function server(handler: RequestListener): Promise<string> {
  const http = createServer(handler).listen(0, '127.0.0.1');
  await new Promise((resolve) => http.once('listening', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${String((http.address() as AddressInfo).port)}`;
}

test('the real one: registers with its compatibility, finds writers of our records only', async () => {
  const registry = open(inject('kafka').registryUrl!, { timeoutMs: 5000 });
  const subject = `t${randomBytes(4).toString('hex')}-value`;
  const id = await registry.schemaId(subject, BANK_AVRO, 'BACKWARD_TRANSITIVE');
  expect(await registry.schemaId(subject, BANK_AVRO, 'BACKWARD_TRANSITIVE')).toBe(id);
  const level = (await (await fetch(`${inject('kafka').registryUrl!}/config/${subject}`)).json()) as object;
  expect(level).toMatchObject({ compatibilityLevel: 'BACKWARD_TRANSITIVE' });
  expect(typeof (await registry.findWriter(EVENT)(id))).toBe('function');
  const foreign = await registry.schemaId(`${subject}-other`, SCHEMAS.ChurnScore, 'FULL_TRANSITIVE');
  expect(await registry.findWriter(EVENT)(foreign)).toMatchObject({ code: 'SCHEMA_FOREIGN' });
  expect(await registry.findWriter(EVENT)(1_999_999_999)).toMatchObject({
    code: 'SCHEMA_UNKNOWN',
  });
});

test('autoRegister off: a missing schema is a fault to mend, with what to do', async () => {
  const registry = open(inject('kafka').registryUrl!, { timeoutMs: 5000, autoRegister: false });
  await expect(
    registry.schemaId(`t${randomBytes(4).toString('hex')}-value`, SCHEMAS.ChurnScore, 'FULL_TRANSITIVE'),
  ).rejects.toMatchObject({ code: 'SCHEMA_REFUSED' });
});

test('a registration that was cut off before the compatibility was set is completed', async () => {
  const url = inject('kafka').registryUrl!;
  const subject = `t${randomBytes(4).toString('hex')}-value`;
  const put = (path: string, method: string, body: object) =>
    fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify(body),
    });
  await put(`/subjects/${subject}/versions`, 'POST', { schema: JSON.stringify(SCHEMAS.ChurnScore) });
  await put(`/config/${subject}`, 'PUT', { compatibility: 'NONE' });
  const registry = open(url, { timeoutMs: 5000 });
  expect(await registry.schemaId(subject, SCHEMAS.ChurnScore, 'FULL_TRANSITIVE')).toBeGreaterThan(0);
  const config = (await (await fetch(`${url}/config/${subject}`)).json()) as { compatibilityLevel: string };
  expect(config.compatibilityLevel).toBe('FULL_TRANSITIVE');
});

test.each<[string, RequestListener]>([
  ['hangs', () => undefined],
  ['answers nonsense', (_, response) => response.end('<html>')],
  ['says 500', (_, response) => response.writeHead(500).end('{}')],
  [
    'says 404 without the registry’s own code',
    (_, response) => response.writeHead(404).end('{"error_code":404}'),
  ],
  ['drops the connection', (request) => request.socket.destroy()],
])('a registry that %s is transient, never poison', async (_, handler) => {
  const registry = open(await server(handler));
  await expect(registry.findWriter(EVENT)(1)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  await expect(registry.schemaId('s', SCHEMAS.ChurnScore, 'FULL_TRANSITIVE')).rejects.toMatchObject({
    code: 'REGISTRY_UNAVAILABLE',
  });
  const value = Buffer.from([0, 0, 0, 0, 1, 2, 3]);
  await expect(registry.decode(value)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
});

/** A registry that has one schema. */
const serving =
  (answer: object): RequestListener =>
  (_, response) =>
    response.end(JSON.stringify(answer));
const ours = (more: object) => JSON.stringify({ ...BANK_AVRO, ...more });

test.each<[what: string, answer: object, message: string]>([
  [
    'Protobuf',
    { schemaType: 'PROTOBUF', schema: 'syntax = "proto3"; message CustomerEvent {}' },
    'not Avro but "PROTOBUF"',
  ],
  ['JSON Schema', { schemaType: 'JSON', schema: '{"type":"object"}' }, 'not Avro but "JSON"'],
  ['Protobuf that says nothing of it', { schema: 'syntax = "proto3";' }, 'it is not Avro'],
  ['500,000 levels', { schema: '['.repeat(500_000) }, '500000 characters'],
  ['20,000 levels', { schema: '['.repeat(20_000) + ']'.repeat(20_000) }, 'levels deep'],
  ['another record', { schema: ours({ name: 'Customer' }) }, 'it is Customer'],
])('a schema that is %s is foreign: a dead letter, not an exception', async (_, answer, message) => {
  const registry = open(await server(serving(answer)));
  const refused = { code: 'SCHEMA_FOREIGN', message: expect.stringContaining(message) as string };
  expect(await registry.findWriter(EVENT)(1)).toMatchObject(refused);
  if (message.includes('Customer')) return;
  const value = Buffer.from([0, 0, 0, 0, 1, 2, 3]);
  await expect(registry.decode(value)).rejects.toMatchObject(refused);
});

test('our record is ours whatever the registry lists it under, in any namespace', async () => {
  const registry = open(await server(serving({ schema: ours({ namespace: 'com.bank' }) })));
  expect(typeof (await registry.findWriter(EVENT)(1))).toBe('function');
});

test.each([undefined, 1e10])(
  'an answer without end (announced: %s bytes) is read no further than 1 MB',
  async (length) => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const flood: RequestListener = (_, response) => {
      if (length !== undefined) response.setHeader('content-length', length);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
        sent += chunk.length;
      };
      response.on('drain', more);
      more();
    };
    const registry = open(await server(flood), { timeoutMs: 1000 });
    const message = expect.stringContaining('more than 1000000 bytes') as string;
    await expect(registry.findWriter(EVENT)(1)).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      message,
    });
    await expect(registry.schemaId('s', SCHEMAS.ChurnScore, 'FULL_TRANSITIVE')).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    });
    // What the kernel takes in between is sent, but not read.
    expect(sent).toBeLessThan(50e6);
  },
);

test('an answer that comes byte by byte is waited for no longer than any other', async () => {
  const drip: RequestListener = (_, response) => {
    const timer = setInterval(() => response.write('x'), 20);
    response.once('close', () => clearInterval(timer));
  };
  const registry = open(await server(drip));
  const begun = performance.now();
  const message = expect.stringContaining('no answer in 400 ms') as string;
  await expect(registry.findWriter(EVENT)(1)).rejects.toMatchObject({
    code: 'REGISTRY_UNAVAILABLE',
    message,
  });
  expect(performance.now() - begun).toBeLessThan(2000);
});

test('any value: decoded by its writer’s schema; where that cannot be, the value is at fault', async () => {
  const registry = open(inject('kafka').registryUrl!, { timeoutMs: 5000 });
  const subject = `t${randomBytes(4).toString('hex')}-value`;
  const event = events(1, 7)[0]!;
  const id = await registry.schemaId(subject, BANK_AVRO, 'BACKWARD_TRANSITIVE');
  const value = createAvroEncoder(BANK_AVRO, id)(event);
  expect(await registry.decode(value)).toMatchObject({ eventId: event.eventId });
  const unread = value.subarray(0, value.length - 3);
  await expect(registry.decode(unread)).rejects.toMatchObject({ code: 'RECORD_UNDECODABLE' });
  value.writeUInt32BE(1_999_999_999, 1);
  await expect(registry.decode(value)).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' });
});

test('one that is not there is transient; refusals are remembered, and asked once at a time', async () => {
  const away = open('http://127.0.0.1:1');
  await expect(away.findWriter(EVENT)(1)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  let asked = 0;
  const find = open(
    await server((_, response) => {
      asked += 1;
      response.writeHead(404).end('{"error_code":40403}');
    }),
  ).findWriter(EVENT);
  await Promise.all([find(5), find(5), find(5)]);
  expect(await find(5)).toMatchObject({ code: 'SCHEMA_UNKNOWN' });
  expect(asked).toBe(1);
});

test('a thousand values of one schema ask for it once', async () => {
  let asked = 0;
  const registry = open(
    await server((_, response) => {
      asked += 1;
      response.end('{"schema":"\\"int\\""}');
    }),
  );
  const value = Buffer.from([0, 0, 0, 0, 9, 14]);
  expect(new Set(await Promise.all(Array.from({ length: 1000 }, () => registry.decode(value))))).toEqual(
    new Set([7]),
  );
  expect(await registry.decode(value)).toBe(7);
  expect(asked).toBe(1);
});
