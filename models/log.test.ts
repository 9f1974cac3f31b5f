import { expect, test } from 'vitest';
import type { ModelRecord } from '../schemas/generated.ts';
import {
  activeModel,
  decideActivation,
  decideImage,
  decideRollback,
  EMPTY_LOG,
  foldRecord,
  type ModelLog,
} from './log.ts';

function record(
  kind: ModelRecord['kind'],
  sha256: string,
  origin: ModelRecord['origin'] = 'IMAGE',
): ModelRecord {
  return {
    kind,
    modelVersion: `v-${sha256}`,
    modelSha256: sha256,
    origin,
    recordedAt: 0,
    reason: null,
    requestId: null,
    manifest: '{}',
    artifactOffset: 0,
    artifactChunks: 1,
    actor: null,
    gateReport: null,
    aboutActivation: null,
    outcome: null,
  };
}
const fold = (...records: ModelRecord[]): ModelLog =>
  records.reduce((log, entry, offset) => foldRecord(log, offset, entry), EMPTY_LOG);

test('the newest activation serves', () => {
  expect(activeModel(EMPTY_LOG)).toBeUndefined();
  const log = fold(
    record('RELEASE', 'a'),
    record('ACTIVATION', 'a'),
    record('RELEASE', 'b'),
    record('REJECTION', 'c'),
  );
  expect(activeModel(log)).toEqual({ offset: 1, sha256: 'a', origin: 'IMAGE' });
  expect([...log.releases.keys()]).toEqual(['a', 'b']);
});

test('an image: seeds an empty log; the same image never undoes a later model; another image does', () => {
  expect(decideImage(EMPTY_LOG, 'a')).toEqual({ release: true, kinds: ['ACTIVATION'], sha256: 'a' });
  const retrained = fold(
    record('RELEASE', 'a'),
    record('ACTIVATION', 'a'),
    record('RELEASE', 'b'),
    record('ACTIVATION', 'b', 'GATE'),
  );
  expect(decideImage(retrained, 'a').kinds).toEqual([]);
  expect(decideImage(retrained, 'c')).toEqual({ release: true, kinds: ['ACTIVATION'], sha256: 'c' });
  const deployed = foldRecord(foldRecord(retrained, 4, record('RELEASE', 'c')), 5, record('ACTIVATION', 'c'));
  expect(decideImage(deployed, 'a')).toEqual({ release: false, kinds: ['ACTIVATION'], sha256: 'a' }); // kubectl rollout undo
});

test('rollback goes to the model before, and holds; activation names what it cannot find', () => {
  const log = fold(
    record('RELEASE', 'a'),
    record('ACTIVATION', 'a'),
    record('RELEASE', 'b'),
    record('ACTIVATION', 'b', 'GATE'),
  );
  expect(decideRollback(log)).toEqual({ release: false, kinds: ['ACTIVATION', 'HOLD'], sha256: 'a' });
  expect(() => decideRollback(fold(record('RELEASE', 'a'), record('ACTIVATION', 'a')))).toThrow(
    'no other model',
  );
  expect(decideActivation(log, 'v-a').sha256).toBe('a');
  expect(() => decideActivation(log, 'z')).toThrow('no such release (there are: v-a, v-b)');
  const held = foldRecord(log, 4, record('HOLD', 'a'));
  expect([held.held, foldRecord(held, 5, record('RESUME', 'a')).held]).toEqual([true, false]);
});
