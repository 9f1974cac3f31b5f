import { expect, test } from 'vitest';
import type { Answer } from './registry-api.ts';
import { readVersions } from './registry-versions.ts';

const LIST = '/subjects/a%2Fb-value/versions';
const listed = (versions: unknown): Answer => ({ status: 200, body: versions });
const schema = (text: string): Answer => ({ status: 200, body: { schema: text } });
const status = (code: number, error_code?: number): Answer => ({ status: code, body: { error_code } });

/** The versions of a subject, by a registry that answers so. */
const read = (answers: Record<string, Answer>) =>
  readVersions((path) => Promise.resolve(answers[path.slice(LIST.length)] ?? status(500)), 'a/b-value');

test('the newest come first; what is gone meanwhile or no Avro is left out', async () => {
  const answers = { '': listed([1, 3, 2]), '/1': schema('"int"'), '/2': status(404, 40402), '/3': schema('{"a":1}') };
  expect(await read(answers)).toEqual([{ version: 3, schema: { a: 1 } }, { version: 1, schema: 'int' }]);
  expect(await read({ '': listed([1]), '/1': schema('syntax = "proto3";') })).toEqual([]);
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`/${String(i)}`, schema(String(i))]));
  const found = await read({ ...many, '': listed(Array.from({ length: 60 }, (_, i) => i)) });
  expect(found.map(({ version }) => version)).toEqual(Array.from({ length: 50 }, (_, i) => 59 - i));
}); // prettier-ignore

test('no subject, or one that may not be listed, has none; any other answer is transient', async () => {
  expect(await read({ '': status(404, 40401) })).toEqual([]);
  expect(await read({ '': status(403) })).toEqual([]);
  for (const answers of [
    { '': status(404) },
    { '': status(500) },
    { '': listed(['x']) },
    { '': listed([1]) },
  ])
    await expect(read(answers)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
});
