/** A release comes back from the model log as it went in, and nothing else passes for it. */
import { expect, test } from 'vitest';
import { artifactChunks, assembleRelease } from './artifacts.ts';
import { changeRecords } from './log-records.ts';
import { EMPTY_LOG, foldRecord, type LoggedRelease } from './log.ts';
import { readRelease } from './store.io.ts';

const release = await readRelease('models/champion');
const { sha256, version } = release.manifest;
const chunks = artifactChunks(release, 1e6);
const bytes = Buffer.concat(chunks.map(({ value }) => value as Buffer));
const CHANGE = { release: true, kinds: ['ACTIVATION', 'HOLD'], version, sha256 } as const;
const CONTEXT = {
  origin: 'GATE',
  actor: 'trainer on host',
  recordedAt: 5,
  brought: { manifest: JSON.stringify(release.manifest), artifact: { offset: 40, chunks: chunks.length } },
} as const;

test('a change is its release, then what is done with it; the log that reads it finds the bytes', () => {
  const records = changeRecords(CHANGE, CONTEXT);
  expect(records.map(({ kind, modelVersion }) => [kind, modelVersion])).toEqual([
    ['RELEASE', version],
    ['ACTIVATION', version],
    ['HOLD', version],
  ]);
  const log = records.reduce((before, record, i) => foldRecord(before, 7 + i, record), EMPTY_LOG);
  expect(log).toMatchObject({ held: true, activations: [{ offset: 8, sha256, origin: 'GATE' }] });
  const logged = log.releases[0]!;
  expect(logged).toMatchObject({ artifactOffset: 40, artifactChunks: chunks.length });
  expect(assembleRelease(logged, bytes)).toEqual({ ...release, onnx: Buffer.from(release.onnx) });
});

test('a change without a release names model, actor and reason', () => {
  const answer = { requestId: 'r', reason: 'too few labels' };
  const change = { release: false, kinds: ['DEFERRAL'], version, sha256, ...answer } as const;
  const records = changeRecords(change, { ...CONTEXT, brought: undefined });
  const expected = {
    kind: 'DEFERRAL',
    modelVersion: version,
    actor: 'trainer on host',
    ...answer,
    manifest: null,
  };
  expect(records).toEqual([expect.objectContaining(expected)]);
});

test('chunks are of 512 KiB at most, each under the model’s sha256', () => {
  const large = { ...release, onnx: Buffer.alloc(1024 * 1024 + 1) };
  const sizes = artifactChunks(large, 1e6).map(({ value }) => value!.length);
  expect(sizes.slice(0, 2)).toEqual([512 * 1024, 512 * 1024]);
  expect(sizes).toHaveLength(3);
  expect(new Set(artifactChunks(large, 1e6).map(({ key }) => key))).toEqual(new Set([sha256]));
  const small = artifactChunks(large, 100_000).map(({ value }) => value!.length);
  expect(Math.max(...small)).toBeLessThan(100_000);
  expect(small.reduce((a, b) => a + b)).toBe(sizes.reduce((a, b) => a + b));
  const tooLarge = { ...release, onnx: Buffer.alloc(64 * 1024 * 1024) };
  expect(() => artifactChunks(tooLarge, 1e6)).toThrow(expect.objectContaining({ code: 'MODEL_CORRUPT' }));
});

const logged: LoggedRelease = {
  ...{
    version,
    sha256,
    manifest: CONTEXT.brought.manifest,
    artifactOffset: 0,
    artifactChunks: chunks.length,
  },
  ...{
    offset: 0,
    origin: 'GATE',
    recordedAt: 0,
    actor: null,
    reason: null,
    gateReport: null,
    requestId: null,
    awaits: null,
  },
};
const flipped = (at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

test.each<[what: string, logged: LoggedRelease, bytes: Buffer, fault: RegExp]>([
  ['a changed model', logged, flipped(100), /model bytes have another sha256/],
  ['changed golden rows', logged, flipped(bytes.length - 5), /golden rows have another sha256/],
  ['a missing end', logged, bytes.subarray(0, -1), /golden rows have another sha256/],
  ['nothing', logged, Buffer.alloc(0), /model bytes have another sha256/],
  ['a record that names another model', { ...logged, sha256: '0'.repeat(64) }, bytes, /another sha256/],
  ['a record that names another version', { ...logged, version: 'other' }, bytes, /another version/],
  ['a manifest that is none', { ...logged, manifest: '{}' }, bytes, /formatVersion/],
])('%s is refused as corrupt', (_, record, found, fault) => {
  const expected = { code: 'MODEL_CORRUPT', message: expect.stringMatching(fault) as string };
  expect(() => assembleRelease(record, found)).toThrow(expect.objectContaining(expected));
});
