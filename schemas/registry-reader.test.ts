/** What is asked of the registry, and what is made of its answers, with a clock of our own. */
import { expect, test } from 'vitest';
import { eventShape } from './avro.ts';
import { BANK, BANK_AVRO, EVENT } from './customer/bank.fixture.ts';
import { createEventReader } from './customer/event-reader.ts';
import type { Answer } from './registry-api.ts';
import { createSchemaReader } from './registry-reader.ts';

const NOT_FOUND: Answer = { status: 404, body: { error_code: 40403 } };
const TTL_MS = 1000;

/** A reader of a registry that answers with `answers` by path (404 otherwise), the paths asked for, and the clock. */
function open(answers: Readonly<Record<string, Answer>>) {
  const asked: string[] = [];
  const clock = { ms: 0 };
  const reader = createSchemaReader({
    ask: (path) => {
      asked.push(path);
      return Promise.resolve(answers[path] ?? NOT_FOUND);
    },
    negativeTtlMs: TTL_MS,
    now: () => clock.ms,
  });
  return { reader, asked, clock };
}
const serving = (body: unknown): Record<string, Answer> => ({ '/schemas/ids/1': { status: 200, body } });
const schema = (more: object): unknown => ({ schema: JSON.stringify({ ...BANK_AVRO, ...more }) });

test('a writer of our record is asked for once, whatever it is listed under', async () => {
  const { reader, asked } = open(serving(schema({ namespace: 'com.bank' })));
  const find = reader.findWriter(EVENT);
  expect([typeof (await find(1)), typeof (await find(1))]).toEqual(['function', 'function']);
  expect(asked).toEqual(['/schemas/ids/1']);
});

test('a schema that was read is not asked for again by the decoder of another model', async () => {
  const { reader, asked } = open(serving(schema({ namespace: 'com.bank' })));
  await reader.findWriter(EVENT)(1);
  const other = eventShape(createEventReader({ ...BANK, inputs: BANK.inputs.slice(2) }));
  expect(typeof (await reader.findWriter(other)(1))).toBe('function');
  expect(asked).toHaveLength(1);
});

test('a refusal is remembered for its time, then asked for again', async () => {
  const { reader, asked, clock } = open(serving(schema({ name: 'Customer' })));
  const find = reader.findWriter(EVENT);
  for (const ms of [0, TTL_MS - 1]) {
    clock.ms = ms;
    expect(await find(1)).toMatchObject({ code: 'SCHEMA_FOREIGN' });
  }
  expect(asked).toHaveLength(1);
  clock.ms = TTL_MS;
  expect(await find(1)).toMatchObject({ code: 'SCHEMA_FOREIGN' });
  expect(asked).toHaveLength(2);
});

test('an id that no registry gives is not asked for: it would answer as if it were elsewhere', async () => {
  const { reader, asked } = open({
    '/schemas/ids/4294967295': { status: 404, body: { error_code: 404, message: 'HTTP 404 Not Found' } },
  });
  expect(await reader.findWriter(EVENT)(0xffff_ffff)).toMatchObject({ code: 'SCHEMA_UNKNOWN' });
  await expect(reader.decode(Buffer.from('00ffffffff00', 'hex'))).rejects.toMatchObject({
    code: 'SCHEMA_UNKNOWN',
  });
  expect(asked).toEqual([]);
});

test('garbage of our own topics asks for an id once, and again after a while', async () => {
  const { reader, asked, clock } = open({});
  const garbage = Buffer.from('000000000711', 'hex');
  for (const ms of [0, 0, TTL_MS - 1, TTL_MS]) {
    clock.ms = ms;
    await expect(reader.decode(garbage)).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' });
  }
  expect(asked).toHaveLength(2);
});

test.each<[what: string, body: unknown]>([
  ['nothing', null],
  ['no schema', {}],
  ['a list', []],
  ['a schema that is no text', { schema: BANK_AVRO }],
])('an answer of %s is transient, never poison, and not remembered', async (_, body) => {
  const { reader, asked } = open(serving(body));
  const find = reader.findWriter(EVENT);
  await expect(find(1)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  await expect(find(1)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  expect(asked).toHaveLength(2);
});

test('more schemas than are kept: the oldest is asked for again, the newest is not', async () => {
  const { reader, asked } = open({});
  const find = reader.findWriter(EVENT);
  for (let id = 0; id <= 500; id++) await find(id);
  expect(asked).toHaveLength(501);
  await find(500);
  expect(asked).toHaveLength(501);
  await find(0);
  expect(asked).toHaveLength(502);
});
