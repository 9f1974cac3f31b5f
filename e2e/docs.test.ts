/** What the documents name exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { DECLARED } from '../config.ts';
import { ERRORS } from '../schemas/errors.ts';
import { TOPICS, type TopicId } from '../schemas/topics.ts';
import { STATE_CODES } from '../service/fault.ts';
import { METRICS, SUPERVISOR_METRICS } from '../service/metric-list.ts';

const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
].filter((name) => name.endsWith('.md'));
const read = (path: string): string => readFileSync(path, 'utf8');

test.each(DOCUMENTS)('%s: links and make targets exist', (path) => {
  const text = read(path);
  const links = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !link.includes('://'));
  expect(links.filter((link) => !existsSync(join(dirname(path), link)))).toEqual([]);
  const files = [...text.matchAll(/`((?:[a-z0-9-]+\/)+[a-z0-9.-]+\.(?:ts|yaml|json))`/g)].map(
    ([, file]) => file!,
  );
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
  const targets = [...text.matchAll(/`(?:[A-Z_]+=\S+ )*make ([a-z-]+)/g)].map(([, target]) => target!);
  expect(targets.filter((target) => !new RegExp(`^${target}:`, 'm').test(read('Makefile')))).toEqual([]);
});

test('the runbook says of each code that only /health has what it means, and each sentence once', () => {
  const [, table = ''] = read('docs/runbook.md').split('## What `/health` says');
  const rows = table.split('\n## ')[0]!.matchAll(/^\| (`[^`]+`|[^|]+?) .*?\| ([^|]+)\|/gm);
  const sentences: string[] = [];
  const codes: string[] = [];
  for (const [, sentence, code] of rows) {
    sentences.push(sentence!);
    codes.push(code!);
  }
  expect(STATE_CODES.filter((code) => !codes.some((cell) => cell.includes(`\`${code}\``)))).toEqual([]);
  expect(sentences.filter((sentence, i) => sentences.indexOf(sentence) < i)).toEqual([]);
});

/** The tests that a document names, as `file`: “title”, and those of them that are not there. */
function testsNamedIn(path: string): { named: number; missing: string[] } {
  const rows = [...read(path).matchAll(/`([^`\s]+\.test\.ts)`: “([^”]+)”/g)];
  const isThere = ([, file, title]: RegExpExecArray): boolean => {
    const words = title!.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*');
    return existsSync(file!) && new RegExp(`^.*['\`]${words}`, 'm').test(read(file!));
  };
  return { named: rows.length, missing: rows.filter((row) => !isThere(row)).map(([row]) => row) };
}

test.each([
  ['docs/runbook.md', 18],
  ['SECURITY.md', 15],
])('each fault and each attack in %s is shown by a test of that name', (path, least) => {
  const { named, missing } = testsNamedIn(path);
  expect(named).toBeGreaterThan(least);
  expect(missing).toEqual([]);
});

test.each(DOCUMENTS)('%s: the error codes, variables and metrics that it names exist', (path) => {
  const quoted = [...read(path).matchAll(/`([^`\n]+)`/g)].map(([, words]) => words!).join(' ');
  const named = (shape: RegExp, known: readonly string[]): string[] => {
    // Names that begin like ours: others (Kafka's errors, variables of the tests) are not ours to check.
    const beginnings = new Set(known.map((name) => name.split('_')[0]!));
    const names = new Set(quoted.match(shape));
    return [...names].filter((name) => beginnings.has(name.split('_')[0]!) && !known.includes(name));
  };
  const settings = DECLARED.map(({ variable }) => variable);
  const ports = [...read('docker-compose.yml').matchAll(/\$\{([A-Z_]+_PORT)/g)].map(([, name]) => name!);
  expect(
    named(/\b[A-Z]+(?:_[A-Z]+)+\b/g, [...Object.keys(ERRORS), ...STATE_CODES, ...settings, ...ports]),
  ).toEqual([]);
  const metrics = Object.values({ ...METRICS, ...SUPERVISOR_METRICS }).map(({ name }) => name);
  expect(named(/\b(?:churn|http|feature)_[a-z0-9_]+\b/g, metrics)).toEqual([]);
});

test('the AsyncAPI document has every topic, and the schema that is registered for it', () => {
  const document = parse(read('docs/asyncapi.yaml')) as {
    channels: Record<string, { address: string; messages: Record<string, unknown> }>;
    components: { messages: Record<string, { payload?: { schema: { $ref: string } | { name: string } } }> };
  };
  expect(Object.keys(document.channels).sort()).toEqual(Object.keys(TOPICS).sort());
  for (const [id, { address, messages }] of Object.entries(document.channels)) {
    const spec = TOPICS[id as TopicId];
    const [message] = Object.keys(messages);
    const schema = document.components.messages[message!]!.payload?.schema ?? { name: null };
    const { name } =
      '$ref' in schema ? (JSON.parse(read(join('docs', schema.$ref))) as { name: string }) : schema;
    expect([id, address, name]).toEqual([id, spec.name, spec.schema]);
  }
});
