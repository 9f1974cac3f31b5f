import { expect, test } from 'vitest';
import type { ModelRecord } from '../schemas/generated.ts';
import { LIMITS } from './limits.ts';
import { liveAt, lineOf } from './log-history.ts';
import {
  decideByOperator,
  decideImage,
  decideOutcome,
  decideRelease,
  decideResume,
  findModel,
  isChange,
  replacesRealData,
} from './log-decisions.ts';
import { activeModel, EMPTY_LOG, foldRecord, foldRecords, releasesOf, type ModelLog } from './log.ts';
import { readRelease } from './store.io.ts';

const champion = (await readRelease('models/champion')).manifest;

type Given = Partial<ModelRecord>;

const record = (kind: ModelRecord['kind'], name: string, more: Given = {}): ModelRecord => ({
  ...{ kind, modelVersion: `v-${name}`, modelSha256: name, origin: 'IMAGE', recordedAt: 0 },
  ...{
    reason: null,
    requestId: null,
    actor: null,
    gateReport: null,
    aboutActivation: null,
    outcome: null,
    servingActivation: null,
    approval: null,
    trainer: null,
  },
  ...{ manifest: '{}', artifactOffset: 0, artifactChunks: 1 },
  ...more,
});
const released = (name: string, more?: Given): ModelRecord => record('RELEASE', name, more);
const activated = (name: string, more?: Given): ModelRecord => record('ACTIVATION', name, more);
const said = (name: string, aboutActivation: number, outcome: string, more: Given = {}): ModelRecord =>
  record('REJECTION', name, { aboutActivation, outcome, ...more });
const fold = (...records: ModelRecord[]): ModelLog =>
  records.reduce((log, entry, offset) => foldRecord(log, offset, entry), EMPTY_LOG);
const name = (version: string, sha256 = version.slice(2)): { version: string; sha256: string } => ({ version, sha256 }); // prettier-ignore

test('the newest activation serves that no scorer has refused', () => {
  expect(activeModel(EMPTY_LOG)).toBeUndefined();
  const log = fold(released('a'), activated('a'), released('b'), activated('b'));
  expect(activeModel(log)).toMatchObject({ offset: 3, version: 'v-b', sha256: 'b', origin: 'IMAGE' });
  const refused = foldRecord(log, 4, said('b', 3, 'refused', { reason: 'golden row 3' }));
  expect(activeModel(refused)?.offset).toBe(1);
  expect(refused.outcomes.get(3)).toMatchObject({ served: false, reason: 'golden row 3' });
  expect(activeModel(foldRecord(refused, 5, said('b', 3, 'served')))?.offset).toBe(3);
});

test('a refusal says what serves instead: what was activated in between is refused with it', () => {
  const log = fold(activated('a'), activated('b'), activated('c'), activated('d'));
  const refused = said('d', 3, 'refused', { servingActivation: 0 });
  expect(activeModel(foldRecord(log, 4, refused))?.sha256).toBe('a');
  expect(activeModel(foldRecord(log, 4, { ...refused, servingActivation: -1 }))).toBeUndefined();
  expect(activeModel(foldRecord(foldRecord(log, 4, refused), 5, activated('e')))?.sha256).toBe('e');
});

test('an outcome is of the activation that it names, and never takes back that it served', () => {
  const log = fold(released('a'), activated('a'));
  for (const entry of [
    said('a', 0, 'refused'),
    said('b', 1, 'refused'),
    said('a', 1, 'great'),
    said('a', 99, 'refused'),
  ])
    // prettier-ignore
    expect(foldRecord(log, 2, entry).outcomes.size).toBe(0);
  const served = foldRecord(foldRecord(log, 2, said('a', 1, 'served')), 3, said('a', 1, 'refused'));
  expect(served.outcomes.get(1)?.served).toBe(true);
});

test('an activation means the releases of its version and sha256, the oldest first; the newest may repair them', () => {
  const same = Array.from({ length: 9 }, (_, i) => released('a', { artifactOffset: i }));
  const log = fold(activated('a'), ...same, released('a', { modelSha256: 'other' }));
  expect(releasesOf(log, name('v-a')).map(({ artifactOffset }) => artifactOffset)).toEqual([0, 1, 2, 3, 8]);
  expect(releasesOf(log, name('v-a', 'b'))).toEqual([]);
});

test('an activation of an older log, whose version no release has, means the releases of its sha256', () => {
  const log = fold(
    released('a', { artifactOffset: 1 }),
    released('a', { modelVersion: 'v2', artifactOffset: 2 }),
  );
  expect(releasesOf(log, name('a', 'a')).map(({ artifactOffset }) => artifactOffset)).toEqual([1, 2]);
});

test.each<[string, Given]>([
  ['no manifest', { manifest: null }],
  ['a huge manifest', { manifest: 'x'.repeat(LIMITS.manifestBytes + 1) }],
  ['a negative offset', { artifactOffset: -1 }],
  ['no offset', { artifactOffset: null }],
  ['no chunks', { artifactChunks: 0 }],
  ['too many chunks', { artifactChunks: 2_000_000_000 }],
  ['an empty version', { modelVersion: '' }],
  ['an endless version', { modelVersion: 'v'.repeat(1000) }],
  ['an endless requestId', { requestId: 'r'.repeat(1000) }],
])('a release with %s is skipped and counted', (_, more) => {
  const log = fold(released('a'), released('b', more));
  expect(log.releases).toHaveLength(1);
  expect(log.skipped.get('RECORD_INVALID')).toBe(1);
});

test('what cannot be read is counted by its code, and long reasons are cut', () => {
  const log = foldRecords(EMPTY_LOG, [
    { offset: 0, record: { unreadable: 'RECORD_UNDECODABLE' } },
    { offset: 1, record: { unreadable: 'RECORD_UNDECODABLE' } },
    { offset: 2, record: activated('a', { reason: 'x'.repeat(1_000_000) }) },
  ]);
  expect([...log.skipped]).toEqual([['RECORD_UNDECODABLE', 2]]);
  expect(log.activations[0]?.reason).toHaveLength(4000);
});

test('an image: seeds an empty log; the same image never undoes a later model; another image does', () => {
  const [a, c] = [name('v-a'), name('v-c')];
  expect(decideImage(EMPTY_LOG, a)).toEqual({ release: true, kinds: ['ACTIVATION'], ...a });
  const gate = { origin: 'GATE' } as const;
  const retrained = fold(released('a'), activated('a'), released('b'), activated('b', gate));
  expect(decideImage(retrained, a).kinds).toEqual([]);
  expect(decideImage(retrained, c)).toEqual({ release: true, kinds: ['ACTIVATION'], ...c });
  const deployed = foldRecord(foldRecord(retrained, 4, released('c')), 5, activated('c'));
  expect(decideImage(deployed, a)).toEqual({ release: false, kinds: ['ACTIVATION'], ...a }); // kubectl rollout undo
  expect(decideImage(deployed, a, () => false).release).toBe(true); // its bytes are broken: the image repairs them
});

test('a corrected threshold is another image, though the ONNX is the same', () => {
  const log = fold(released('a'), activated('a'));
  const corrected = name('v-a2', 'a');
  expect(decideImage(log, corrected)).toEqual({ release: true, kinds: ['ACTIVATION'], ...corrected });
});

test('a version is released once; another content under it is refused, a broken one is repaired', () => {
  const log = fold(released('a'));
  const model = { ...name('v-a'), manifest: '{}' };
  expect(isChange(decideRelease(log, model, undefined, () => true))).toBe(false);
  expect(decideRelease(log, model, 'repair', () => false)).toMatchObject({ release: true, reason: 'repair' });
  const other = { ...model, manifest: '{"threshold":1}' };
  expect(() => decideRelease(log, other, undefined, () => true)).toThrow('is in the log with other content');
});

test('a model is found by its version or the beginning of its sha256; an error names what there is', () => {
  const log = fold(released('abc'), released('abd'), released('abc', { artifactOffset: 5 }));
  expect(findModel(log, 'v-abc').sha256).toBe('abc');
  expect(findModel(log, 'abd').version).toBe('v-abd');
  expect(() => findModel(log, 'ab')).toThrow('more than one release');
  expect(() => findModel(log, 'z')).toThrow('no such release (there are: v-abc, v-abd)');
});

test('the line of models: going back shortens it, so a rollback never goes forward again', () => {
  const versions = (log: ModelLog): string[] => lineOf(log).map(({ sha256 }) => sha256);
  let log = fold(activated('a'), activated('b'), activated('c'));
  expect(versions(log)).toEqual(['a', 'b', 'c']);
  log = foldRecord(log, 3, activated('b'));
  expect(versions(log)).toEqual(['a', 'b']);
  log = foldRecord(log, 4, activated('a'));
  expect(versions(log)).toEqual(['a']);
  log = fold(activated('a'), activated('b'), activated('a'), said('a', 2, 'refused'));
  expect(versions(log)).toEqual(['a', 'b']);
});

test('which model was live: the last one recorded up to then that was not refused', () => {
  const log = fold(activated('a', { recordedAt: 10 }), activated('b', { recordedAt: 20 }), activated('c', { recordedAt: 30 }), said('c', 2, 'refused')); // prettier-ignore
  const live = (atMs: number): string | undefined => liveAt(log, atMs)?.sha256;
  expect([live(9), live(10), live(25), live(40)]).toEqual([undefined, 'a', 'b', 'b']);
});

test('hold, resume, and what scorers say of an activation', () => {
  expect(decideByOperator(name('v-a'), true, 'why')).toMatchObject({
    kinds: ['ACTIVATION', 'HOLD'],
    reason: 'why',
  });
  const log = fold(released('a'), activated('a'), record('HOLD', 'a'));
  expect([log.held, foldRecord(log, 3, record('RESUME', 'a')).held]).toEqual([true, false]);
  expect(decideResume(log).kinds).toEqual(['RESUME']);
  const served = { activation: 1, served: true, serving: 1, artifactOffset: 0 };
  expect(decideOutcome(log, served, undefined)).toMatchObject({ kinds: ['REJECTION'], version: 'v-a' });
  expect(isChange(decideOutcome(foldRecord(log, 3, said('a', 1, 'served')), served, undefined))).toBe(false);
  expect(isChange(decideOutcome(log, { ...served, activation: 77 }, undefined))).toBe(false);
});

test('a model of simulated customers replaces one of real data, be it refused, only if told to', () => {
  const manifestOf = (name: string): string =>
    JSON.stringify({
      ...champion,
      training: { ...champion.training, dataset: { ...champion.training.dataset, name } },
    });
  const [real, simulated] = [{ manifest: manifestOf('bank') }, manifestOf('simulated')];
  const log = fold(released('a', real), activated('a'), said('a', 1, 'refused', { servingActivation: -1 }));
  expect(activeModel(log)).toBeUndefined();
  expect(replacesRealData(log, simulated)).toBe(true);
  expect(replacesRealData(log, real.manifest)).toBe(false);
  expect(replacesRealData(EMPTY_LOG, simulated)).toBe(false);
  const tried = fold(released('a', { manifest: manifestOf(' Simulated') }), activated('a'));
  expect(replacesRealData(tried, simulated)).toBe(false);
});
