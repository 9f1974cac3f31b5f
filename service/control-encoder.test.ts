/** Control records are written and read while the registry is away. */
import { expect, test } from 'vitest';
import { NO_EVIDENCE } from '../drift/verdict-records.fixture.ts';
import { createAvroEncoder } from '../schemas/avro.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { FINGERPRINT_HEADER } from '../schemas/fingerprints.ts';
import { SCHEMAS } from '../schemas/generated.ts';
import type { Registry } from '../schemas/registry.io.ts';
import { decodeOwn } from './codecs.ts';
import { createControlEncoder } from './control-encoder.ts';

const request = {
  requestId: 'r', modelVersion: '1', modelSha256: 'a', activation: 3, countsOffset: 9, requestedAt: 5, reason: 'why', scorePsi: 0.5,
  maxFeaturePsi: 0.75, events: 7, driftSince: null, ...NO_EVIDENCE,
}; // prettier-ignore
const AWAY = new BankChurnError('REGISTRY_UNAVAILABLE', 'away');
const NAME = 'RetrainRequested';

/** A registry that can be taken away; each use of it is counted. */
function createWorld() {
  const world = {
    error: undefined as BankChurnError | undefined,
    asked: 0,
    decoded: 0,
    nowMs: 0,
    told: [] as string[],
  };
  const registry = {
    schemaId: () => {
      world.asked += 1;
      return world.error === undefined ? Promise.resolve(7) : Promise.reject(world.error);
    },
    decode: () => {
      world.decoded += 1;
      return Promise.reject(world.error ?? new BankChurnError('SCHEMA_UNKNOWN', 'no such schema'));
    },
  } as unknown as Registry;
  const open = createControlEncoder({
    ...{ subject: 's', schema: SCHEMAS[NAME], compatibility: 'FULL_TRANSITIVE', registry, askAgainMs: 1000 },
    now: () => world.nowMs,
    onJson: (subject, error) => world.told.push(`${subject}: ${(error as Error).message}`),
  });
  return { world, registry, open };
}
const isAvro = (value: Buffer | string | null): boolean => Buffer.isBuffer(value) && value[0] === 0;
const asRead = ({ value, headers = {} }: { value: Buffer | string | null; headers?: object }) => ({
  value: Buffer.from(value!),
  headers: headers as Record<string, string>,
});

test('Avro that names its schema: read without asking the registry', async () => {
  const { world, registry, open } = createWorld();
  const written = (await open())(request);
  expect([isAvro(written.value), Object.keys(written.headers!)]).toEqual([true, [FINGERPRINT_HEADER]]);
  world.error = AWAY;
  for (const asking of [registry, undefined])
    expect(await decodeOwn(asRead(written), asking, NAME)).toEqual(request);
  expect([world.asked, world.decoded]).toEqual([1, 0]);
});

test.each(['REGISTRY_UNAVAILABLE', 'SCHEMA_REFUSED'] as const)(
  '%s: JSON of the same shape, the registry asked again in time and not before, then Avro',
  async (code) => {
    const { world, registry, open } = createWorld();
    world.error = new BankChurnError(code, 'no');
    const encode = await open();
    for (let i = 0; i < 100; i++) {
      const written = encode(request);
      expect(isAvro(written.value)).toBe(false);
      expect(await decodeOwn(asRead(written), registry, NAME)).toEqual(request);
      await open();
    }
    expect([world.asked, world.decoded, world.told]).toEqual([1, 0, ['s: no']]);
    world.nowMs = 1000;
    world.error = undefined;
    encode(request);
    await Promise.resolve();
    expect([isAvro(encode(request).value), world.asked]).toEqual([true, 2]);
    world.nowMs = 1e9;
    world.error = AWAY;
    expect([isAvro(encode(request).value), world.asked]).toEqual([true, 2]);
  },
);

test('many at once ask the registry once', async () => {
  const { world, open } = createWorld();
  await Promise.all([open(), open(), open()]);
  expect(world.asked).toBe(1);
});

test('a record of an earlier release, which names no schema: read without the registry too', async () => {
  const { world, registry } = createWorld();
  world.error = AWAY;
  const value = createAvroEncoder(SCHEMAS[NAME], 1)(request);
  for (const asking of [registry, undefined])
    expect(await decodeOwn({ value, headers: {} }, asking, NAME)).toEqual(request);
});

test.each([
  ['nothing but the first byte', Buffer.from([0])],
  ['17 bytes', Buffer.alloc(17)],
  ['a fingerprint of its own', Buffer.alloc(300, 0)],
])('garbage that begins with byte 0 is poison, never waited for: %s', async (what, value) => {
  const { world, registry } = createWorld();
  const headers: Record<string, string> = what.startsWith('a')
    ? { [FINGERPRINT_HEADER]: 'ffffffffffffffff' }
    : {};
  const poison = { action: 'poison' };
  await expect(decodeOwn({ value, headers }, undefined, NAME)).rejects.toMatchObject(poison);
  await expect(decodeOwn({ value, headers }, registry, NAME)).rejects.toMatchObject(poison);
  world.error = AWAY;
  const asked = value.length < 5 ? poison : { code: 'REGISTRY_UNAVAILABLE' };
  await expect(decodeOwn({ value, headers }, registry, NAME)).rejects.toMatchObject(asked);
});

test('a value that is null has a code', async () => {
  const { registry } = createWorld();
  await expect(decodeOwn({ value: null, headers: {} }, registry)).rejects.toMatchObject({
    code: 'RECORD_EMPTY',
  });
});
