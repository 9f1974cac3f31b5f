/** Which model of a log serves, and whose manifest an activation means. */
import { expect, test } from 'vitest';
import type { ServingModel } from '../consumers/scorer.ts';
import { EMPTY_LOG, foldRecords, type ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { ModelRecord } from '../schemas/generated.ts';
import { createChoice } from './model-choice.io.ts';
import { createManifestOf } from './model-manifests.io.ts';
import type { Seat } from './serving-seat.io.ts';

const { manifest } = await readRelease('models/champion');
const SHA = manifest.sha256;

const record = (
  kind: ModelRecord['kind'],
  version: string,
  more: Partial<ModelRecord> = {},
): ModelRecord => ({
  ...{ kind, modelVersion: version, modelSha256: SHA, origin: 'OPERATOR', recordedAt: 0, reason: null },
  ...{ requestId: null, actor: null, gateReport: null, aboutActivation: null, outcome: null },
  ...{ approval: null, trainer: null },
  ...{ servingActivation: null, manifest: JSON.stringify({ ...manifest, version }) },
  ...{ artifactOffset: 0, artifactChunks: 1, ...more },
});
const released = (version: string, more?: Partial<ModelRecord>): ModelRecord =>
  record('RELEASE', version, more);
const activated = (version: string): ModelRecord => record('ACTIVATION', version);
const logOf = (...records: ModelRecord[]): ModelLog =>
  foldRecords(
    EMPTY_LOG,
    records.map((entry, offset) => ({ offset, record: entry })),
  );

/** A seat, and a log whose releases named `bad…` are corrupt and named `away` cannot be fetched now. */
function open() {
  const fetched: string[] = [];
  const refused: string[] = [];
  let serving: { version: string; activation: number } | undefined;
  let isAway = true;
  const seat: Seat = {
    current: () => serving as ServingModel | undefined,
    swap: (release, activation) => {
      serving = { version: release.manifest.version, activation };
      return Promise.resolve();
    },
    reactivated: (activation) => (serving = { ...serving!, activation }),
    close: () => Promise.resolve(),
  };
  const fetch = ({
    version,
    artifactOffset,
  }: {
    version: string;
    artifactOffset: number;
  }): Promise<Release> => {
    fetched.push(version);
    if (version === 'away' && isAway) return Promise.reject(new BankChurnError('BROKER_UNAVAILABLE', 'away'));
    if (version.startsWith('bad') && artifactOffset === 0)
      return Promise.reject(new BankChurnError('MODEL_CORRUPT', `${version} is corrupt`));
    return Promise.resolve({ manifest: { version } } as Release);
  };
  const choose = createChoice({
    seat,
    modelLog: { fetch },
    onRefused: ({ version }) => refused.push(version),
  });
  return { choose, fetched, refused, serving: () => serving, comeBack: () => (isAway = false) };
}

test('the newest activation that holds serves, and each bad release is fetched once', async () => {
  const { choose, fetched, refused, serving } = open();
  const log = logOf(released('a'), activated('a'), released('bad 1'), activated('bad 1'), released('bad 2'), activated('bad 2')); // prettier-ignore
  const choice = await choose(log);
  expect(serving()).toEqual({ version: 'a', activation: 1 });
  expect(choice?.refused).toEqual({ version: 'bad 2', reason: 'bad 2 is corrupt' });
  await choose(log);
  expect([fetched, refused]).toEqual([
    ['bad 2', 'bad 1', 'a'],
    ['bad 2', 'bad 1'],
  ]);
});

test('a model that is activated again is not opened again', async () => {
  const { choose, fetched, serving } = open();
  await choose(logOf(released('a'), activated('a')));
  await choose(logOf(released('a'), activated('a'), activated('a')));
  expect([fetched, serving()]).toEqual([['a'], { version: 'a', activation: 2 }]);
});

test('a broken release that is released again serves; an activation of nothing is refused', async () => {
  const { choose, refused, serving } = open();
  const records = [released('a'), activated('a'), released('bad'), activated('bad')];
  await choose(logOf(...records));
  await choose(logOf(...records, released('bad', { artifactOffset: 7 })));
  expect(serving()).toEqual({ version: 'bad', activation: 3 });
  const choice = await choose(
    logOf(...records, released('bad', { artifactOffset: 7 }), activated('nothing')),
  );
  expect(serving()?.version).toBe('bad');
  expect(choice?.refused?.reason).toMatch(/no release of version nothing/);
  expect(refused).toEqual(['bad', 'nothing']);
});

test('what may pass decides nothing, and is not remembered', async () => {
  const { choose, refused, serving, comeBack } = open();
  const log = logOf(released('a'), activated('a'), released('away'), activated('away'));
  await expect(choose(log)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  expect([refused, serving()]).toEqual([[], undefined]);
  comeBack();
  await choose(log);
  expect(serving()?.version).toBe('away');
});

test('at a start what served last serves first; a newer one that holds after all replaces it', async () => {
  const { choose, fetched, serving } = open();
  const told = record('REJECTION', 'b', { aboutActivation: 3, outcome: 'refused', servingActivation: 1 });
  await choose(logOf(released('a'), activated('a'), released('b'), activated('b'), told));
  expect([fetched, serving()?.version]).toEqual([['a', 'b'], 'b']);
});

test('a choice of a log that has grown meanwhile ends undecided', async () => {
  const { choose, fetched } = open();
  expect(await choose(logOf(released('a'), activated('a')), () => true)).toBeUndefined();
  expect(fetched).toEqual([]);
});

test('the manifest of an activation: by its offset; garbage is told from what is not read yet', async () => {
  const log = logOf(released('a'), activated('a'), released('b'), activated('b'));
  const later = logOf(released('a'), activated('a'), released('b'), activated('b'), activated('a'));
  let reads = 0;
  const manifestOf = createManifestOf({
    modelLog: { end: () => Promise.resolve(5), read: () => Promise.resolve((reads++, later)) },
    newest: () => ({ log, next: 4 }),
    image: () => undefined,
  });
  expect((await manifestOf(1, SHA)).version).toBe('a');
  expect((await manifestOf(3, SHA)).version).toBe('b'); // the same ONNX, another manifest
  const garbage = { code: 'RECORD_INVALID' };
  await expect(manifestOf(2, SHA)).rejects.toMatchObject(garbage);
  await expect(manifestOf(1, '0'.repeat(64))).rejects.toMatchObject(garbage);
  await expect(manifestOf(1e9, SHA)).rejects.toMatchObject(garbage);
  expect(reads).toBe(0);
  expect((await manifestOf(4, SHA)).version).toBe('a'); // the follower is behind
  expect(reads).toBe(1);
  expect((await manifestOf(-1, SHA)).version).toBe('b'); // an image's, of which the log has a release
});
