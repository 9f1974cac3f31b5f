/** What is asked of the registry, and what is made of its answers, with a clock of our own. */
import { expect, test } from 'vitest';
import { EVENT } from './avro.ts';
import { SCHEMAS } from './generated.ts';
import { createSchemaReader, type Answer } from './registry-reader.ts';

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
const versions = (body: unknown): Record<string, Answer> => ({
  '/schemas/ids/1/versions': { status: 200, body },
  '/schemas/ids/1': { status: 200, body: { schema: JSON.stringify(SCHEMAS.CustomerEvent) } },
});

test('a writer of one of our subjects is asked for once', async () => {
  const { reader, asked } = open(versions([{ subject: 'other' }, { subject: 'ours' }]));
  const find = reader.findWriter(['ours'], EVENT);
  expect([typeof (await find(1)), typeof (await find(1))]).toEqual(['function', 'function']);
  expect(asked).toEqual(['/schemas/ids/1/versions', '/schemas/ids/1']);
});

test('a refusal is remembered for its time, then asked for again', async () => {
  const { reader, asked, clock } = open(versions([{ subject: 'theirs' }]));
  const find = reader.findWriter(['ours'], EVENT);
  for (const ms of [0, TTL_MS - 1]) {
    clock.ms = ms;
    expect(await find(1)).toMatchObject({ code: 'SCHEMA_FOREIGN' });
  }
  expect(asked).toHaveLength(1);
  clock.ms = TTL_MS;
  expect(await find(1)).toMatchObject({ code: 'SCHEMA_FOREIGN' });
  expect(asked).toHaveLength(2);
});

test.each<[what: string, body: unknown]>([
  ['no list', {}],
  ['an empty list', []],
  ['a list of nothing', [null]],
  ['a list without subjects', [{ subject: 1 }]],
])('%s of subjects is transient, never poison, and not remembered', async (_, body) => {
  const { reader, asked } = open(versions(body));
  const find = reader.findWriter(['ours'], EVENT);
  await expect(find(1)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  await expect(find(1)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  expect(asked).toHaveLength(2);
});

test('more schemas than are kept: the oldest is asked for again, the newest is not', async () => {
  const { reader, asked } = open({});
  const find = reader.findWriter(['ours'], EVENT);
  for (let id = 0; id <= 500; id++) await find(id);
  expect(asked).toHaveLength(501);
  await find(500);
  expect(asked).toHaveLength(501);
  await find(0);
  expect(asked).toHaveLength(502);
});
