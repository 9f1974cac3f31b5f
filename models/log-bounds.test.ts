import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { ModelRecord } from '../schemas/generated.ts';
import { cut, LOG_LIMITS } from './log-bounds.ts';
import { EMPTY_LOG, foldRecord, foldRecords, releasesOf, type ModelLog } from './log.ts';

type Given = Partial<ModelRecord>;

const record = (kind: ModelRecord['kind'], version: string, more: Given = {}): ModelRecord => ({
  ...{ kind, modelVersion: version, modelSha256: `sha-${version}`, origin: 'IMAGE', recordedAt: 0 },
  ...{ reason: null, requestId: null, actor: null, gateReport: null },
  ...{ aboutActivation: null, outcome: null, servingActivation: null, approval: null, trainer: null },
  ...{ manifest: '{}', artifactOffset: 0, artifactChunks: 1 },
  ...more,
});
/** Model a: released at 0, activated at 1, served. */
const A = [
  record('RELEASE', 'a'),
  record('ACTIVATION', 'a'),
  record('REJECTION', 'a', { aboutActivation: 1, outcome: 'served' }),
];
const fold = (records: readonly ModelRecord[], onto = EMPTY_LOG): ModelLog =>
  foldRecords(onto, records.map((entry, offset) => ({ offset, record: entry }))); // prettier-ignore
const many = (count: number, of: (i: number) => ModelRecord | ModelRecord[]): ModelRecord[] =>
  Array.from({ length: count }, (_, i) => of(i)).flat();
const atMost = (most: number): number => Math.floor(1.1 * most);

const FLOOD = 3 * LOG_LIMITS.releases;
test.each<[string, ModelRecord[]]>([
  ['that nobody activates', many(FLOOD, (i) => record('RELEASE', `f${String(i)}`))],
  [
    'that are activated',
    many(FLOOD, (i) => [record('RELEASE', `f${String(i)}`), record('ACTIVATION', `f${String(i)}`)]),
  ],
  [
    'of its version and another sha256',
    many(FLOOD, (i) => record('RELEASE', 'a', { modelSha256: String(i) })),
  ],
  ['of its version and sha256', many(FLOOD, (i) => record('RELEASE', 'a', { artifactOffset: i + 1 }))],
  ['of its sha256', many(FLOOD, (i) => record('RELEASE', `f${String(i)}`, { modelSha256: 'sha-a' }))],
  [
    'of its sha256, which an activation names as older logs do',
    [
      record('ACTIVATION', 'sha-', { modelSha256: 'sha-a' }),
      record('REJECTION', 'sha-', { modelSha256: 'sha-a', aboutActivation: 3, outcome: 'served' }),
      ...many(FLOOD, (i) => record('RELEASE', `f${String(i)}`, { modelSha256: 'sha-a' })),
    ],
  ],
  [
    'with large manifests',
    many(200, (i) => record('RELEASE', `f${String(i)}`, { manifest: 'm'.repeat(256 * 1024) })),
  ],
])('a flood of releases %s does not displace one that served', (_, flood) => {
  const log = fold([...A, ...flood]);
  expect(releasesOf(log, { version: 'a', sha256: 'sha-a' })[0]?.offset).toBe(0);
  expect(log.releases.length).toBeLessThanOrEqual(atMost(LOG_LIMITS.releases));
  expect(log.releases.at(-1)?.offset).toBe([...A, ...flood].findLastIndex(({ kind }) => kind === 'RELEASE'));
});

test('a flood of activations does not displace one that served, and keeps the newest', () => {
  const log = fold([...A, ...many(10_000, (i) => record('ACTIVATION', `f${String(i)}`))]);
  expect(log.activations.length).toBeLessThanOrEqual(atMost(LOG_LIMITS.activations));
  expect(log.activations[0]?.version).toBe('a');
  expect(log.activations.at(-1)?.version).toBe('f9999');
  expect(log.outcomes.get(1)?.served).toBe(true);
});

test('of those that served the oldest go first', () => {
  const served = many(atMost(LOG_LIMITS.activations) + 1, (i) => [
    record('ACTIVATION', `f${String(i)}`),
    record('REJECTION', `f${String(i)}`, { aboutActivation: 2 * i, outcome: 'served' }),
  ]);
  const log = fold(served);
  expect(log.activations.length).toBeLessThanOrEqual(atMost(LOG_LIMITS.activations));
  expect(log.outcomes.size).toBe(log.activations.length);
  expect(log.activations[0]?.version).not.toBe('f0');
});

test('answers to retrain requests keep the newest', () => {
  const answers = many(LOG_LIMITS.answers + 5, (i) => record('REJECTION', 'a', { requestId: `r${String(i)}` })); // prettier-ignore
  const log = fold(answers);
  expect(log.answers.size).toBe(LOG_LIMITS.answers);
  expect(log.answers.has('r4')).toBe(false);
});

test('the same log gives the same state, whatever the sizes of the parts in which it is read', () => {
  const records = [
    ...A,
    ...many(700, (i) => [record('RELEASE', `f${String(i)}`), record('ACTIVATION', `f${String(i % 90)}`)]),
    ...many(1500, (i) => record('ACTIVATION', `g${String(i)}`)),
  ];
  const oneByOne = records.reduce((log, entry, offset) => foldRecord(log, offset, entry), EMPTY_LOG);
  expect(oneByOne).toEqual(fold(records));
});

test('10,000 releases and activations are read in a moment, each further one too', () => {
  const flood = many(10_000, (i) => [record('RELEASE', `f${String(i)}`), record('ACTIVATION', `f${String(i)}`)]); // prettier-ignore
  const begun = performance.now();
  let log = fold([...A, ...flood]);
  for (let i = 0; i < 10; i++) {
    log = foldRecord(log, 30_000 + i, record('ACTIVATION', `g${String(i)}`));
    for (const activation of log.activations) releasesOf(log, activation);
  }
  expect(performance.now() - begun).toBeLessThan(5000);
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a cut text is a copy: it does not keep the whole of a large one', () => {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const texts = Array.from({ length: 300 }, (_, i) => cut(Buffer.alloc(900_000, `r${String(i)}`).toString()));
  collectGarbage();
  const held = process.memoryUsage().heapUsed - before;
  expect(texts.every((text) => text?.length === 4000)).toBe(true);
  expect(held).toBeLessThan(50 * 1024 * 1024);
  expect([cut(null), cut(undefined), cut('ü')]).toEqual([null, null, 'ü']);
});
