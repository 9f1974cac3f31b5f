/** What an image serves if nothing of the log holds. */
import { expect, onTestFinished, test } from 'vitest';
import type { ServingModel } from '../consumers/scorer.ts';
import { EMPTY_LOG, foldRecords } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { withVersion } from '../models/version.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { ModelRecord } from '../schemas/generated.ts';
import { createTroubles } from './model-troubles.io.ts';
import { createScoringModel } from './scoring-model.io.ts';

const champion = await readRelease('models/champion');
const quiet = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

/** A log of one release of real data whose bytes are gone, and a scorer whose image is of some data set. */
async function alone(dataset: string, allowSimulated: boolean) {
  const { manifest } = champion;
  const training = { ...manifest.training, dataset: { ...manifest.training.dataset, name: dataset } };
  const image: Release = { ...champion, manifest: withVersion({ ...manifest, training }) };
  const record = (kind: ModelRecord['kind']): ModelRecord => ({
    ...{ kind, modelVersion: 'real', modelSha256: manifest.sha256, origin: 'OPERATOR', recordedAt: 0 },
    ...{ reason: null, requestId: null, actor: null, gateReport: null, outcome: null, aboutActivation: null },
    ...{ approval: null, trainer: null },
    ...{ servingActivation: null, manifest: JSON.stringify(manifest), artifactOffset: 0, artifactChunks: 1 },
  });
  const records = [record('RELEASE'), record('ACTIVATION')];
  const log = foldRecords(EMPTY_LOG, records.map((entry, offset) => ({ offset, record: entry }))); // prettier-ignore
  let serving: ServingModel | undefined;
  const seat = {
    current: () => serving,
    swap: (release: Release, activation: number) => {
      serving = { model: { manifest: release.manifest }, activation } as ServingModel;
      return Promise.resolve();
    },
    reactivated: () => undefined,
    close: () => Promise.resolve(),
  };
  const metrics = { modelSwaps: { inc: () => undefined } } as never;
  const troubles = createTroubles({ log: quiet, metrics, fatal: () => undefined });
  onTestFinished(troubles.stop);
  const modelLog = {
    read: () => Promise.resolve(log),
    fetch: () => Promise.reject(new BankChurnError('MODEL_CORRUPT', 'its bytes are missing')),
    // Whatever else is decided, the log stays as it is.
    write: () => Promise.resolve({ log, change: { release: false, kinds: [], version: '', sha256: '' } }),
  };
  const scoring = createScoringModel({
    ...{ seat, troubles, allowSimulated, log: quiet, modelLog: modelLog as never },
    ...{ newest: () => ({ log, next: 2 }), bringsImage: true, readImage: () => Promise.resolve(image) },
    customer: BANK,
  });
  await scoring.bring();
  const until = Date.now() + 3000;
  while (serving === undefined && troubles.newest()?.code !== 'MODEL_UNAVAILABLE' && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return { version: seat.current()?.model.manifest.version, wanted: image.manifest.version, fault: troubles.newest() }; // prettier-ignore
}

test.each([
  ['real', false],
  ['simulated', true],
])('nothing of the log holds: the image of %s customers serves', async (dataset, allowSimulated) => {
  const { version, wanted } = await alone(dataset, allowSimulated);
  expect(version).toBe(wanted);
});

test('nothing of the log holds, and it had a model of real data: an image of simulated customers does not serve', async () => {
  const { version, fault } = await alone('simulated', false);
  expect(version).toBeUndefined();
  expect(fault).toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  expect(fault?.detail).toContain('of simulated customers: activate a model of real data');
});
