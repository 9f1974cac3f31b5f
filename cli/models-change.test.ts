import { expect, test } from 'vitest';
import { changeRecords } from '../models/log-records.ts';
import { activeModel, EMPTY_LOG, foldRecords, type LoggedRelease, type ModelLog } from '../models/log.ts';
import type { Manifest, Release } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { withThreshold, withVersion } from '../models/version.ts';
import { createRandom } from '../schemas/random.ts';
import type { ModelOrigin, ModelRecord } from '../schemas/generated.ts';
import { activateModel, approveModel, releaseModel, rollbackModel } from './models-change.ts';
import { outcomeOf, type ModelsContext } from './models-wait.ts';
import { factJson } from './models-show.ts';
import type { LogChange } from '../models/log-decisions.ts';

const champion = await readRelease('models/champion');
const OPTIONS = { wait: false, timeout: 1 };

/** A release of a data set; `BROKEN` ones do not hold. */
function releaseOf(dataset: string, more: Partial<Manifest> = {}): Release {
  const { training } = champion.manifest;
  const manifest = withVersion({
    ...champion.manifest,
    ...more,
    training: { ...training, dataset: { ...training.dataset, name: dataset } },
  });
  return { ...champion, manifest };
}

/** The model log in memory, with a scorer that tells what becomes of each activation. */
function createLog() {
  let log: ModelLog = EMPTY_LOG;
  let next = 0;
  const said: string[] = [];
  const bytes = new Map<number, Release>();
  const isGood = ({ version }: { version: string }): boolean => !version.startsWith('BROKEN');
  function append(...records: ModelRecord[]): number {
    const first = next;
    log = foldRecords(log, records.map((record) => ({ offset: next++, record }))); // prettier-ignore
    return first;
  }
  function write(decide: (log: ModelLog) => LogChange, origin: ModelOrigin, release?: Release) {
    const change = decide(log);
    const brought = change.release
      ? { manifest: JSON.stringify(release!.manifest), artifact: { offset: bytes.size, chunks: 1 } }
      : undefined;
    if (change.release) bytes.set(bytes.size, release!);
    const records = changeRecords(change, { origin, actor: 'me', recordedAt: next, brought });
    const first = append(...records);
    return { log, change, offset: first + records.length - change.kinds.length };
  }
  /** What a scorer makes of the newest activation. */
  function serve(): void {
    const newest = log.activations.at(-1);
    if (newest === undefined || log.outcomes.has(newest.offset)) return;
    const served = isGood(newest);
    const serving = served ? newest.offset : (activeModel({ ...log, outcomes: new Map([...log.outcomes, [newest.offset, { served, serving: null } as never]]) })?.offset ?? -1); // prettier-ignore
    const { version, sha256 } = newest;
    const outcome = { activation: newest.offset, served, serving, artifactOffset: null };
    write(() => ({ release: false, kinds: ['REJECTION'], version, sha256, outcome }), 'OPERATOR');
  }
  const context = {
    modelLog: {
      read: () => Promise.resolve(log),
      fetch: ({ artifactOffset }: LoggedRelease) => Promise.resolve(bytes.get(artifactOffset)!),
      write: (...args: Parameters<typeof write>) => Promise.resolve(write(...args)),
    },
    prove: ({ manifest }: Release) =>
      isGood(manifest) ? Promise.resolve() : Promise.reject(new Error('golden row 3')),
    say: (line: string) => void said.push(line),
  } as unknown as ModelsContext;
  const bring = (release: Release, origin: ModelOrigin): void => {
    const { version, sha256 } = release.manifest;
    const isThere = log.releases.some((other) => other.version === version);
    write(() => ({ release: !isThere, kinds: ['ACTIVATION'], version, sha256 }), origin, release);
  };
  return { context, said, append, bring, serve, log: () => log, active: () => activeModel(log)?.version };
}

const messageOf = (work: Promise<void>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error as Error).message,
  );

test('however image, gate and operator interleave, rollbacks in a row never come to a model twice, and end', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = createRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[random.int(list.length)]!;
    const world = createLog();
    const names = ['a', 'b', 'c', 'd', 'BROKEN-e', 'BROKEN-f'].map((name) => releaseOf(name));
    for (let step = 0; step < 25; step++) {
      if (random.next() < 0.2) await messageOf(rollbackModel(world.context, OPTIONS));
      else world.bring(pick(names), pick(['IMAGE', 'GATE', 'OPERATOR']));
      if (random.next() < 0.8) world.serve();
    }
    world.serve();
    const left = [world.active()];
    for (let rollbacks = 0; rollbacks <= names.length; rollbacks++) {
      const word = await messageOf(rollbackModel(world.context, OPTIONS));
      if (word !== 'done') {
        expect(word).toMatch(/^nothing before|no model of the log holds/);
        break;
      }
      world.serve();
      expect(left).not.toContain(world.active());
      left.push(world.active());
      expect(rollbacks).toBeLessThan(4);
    }
  }
});

test('a model that was refused hides none before it from a rollback, nor does a forged one of the same version', async () => {
  const world = createLog();
  const [a, b] = [releaseOf('a'), releaseOf('b')];
  world.bring(a, 'IMAGE');
  world.serve();
  const { version } = a.manifest;
  world.append({ ...record('ACTIVATION', version), modelSha256: 'f'.repeat(64) });
  world.bring(b, 'GATE');
  world.serve();
  expect(await messageOf(rollbackModel(world.context, { ...OPTIONS, to: version }))).toBe('done');
  expect(world.active()).toBe(version);
  expect(world.said.join('\n')).toContain(`${version} does not hold and is skipped`);
});

test('a challenger that waits is approved once, and only while it holds and the model serves that it was judged against', async () => {
  const world = createLog();
  world.bring(releaseOf('a'), 'IMAGE');
  world.serve();
  const challengers = [releaseOf('stream'), releaseOf('BROKEN-b')];
  for (const release of challengers) {
    const { version, sha256 } = release.manifest;
    const change = { release: true, kinds: [], version, sha256, requestId: version, awaits: 1 };
    await world.context.modelLog.write(() => change, 'GATE', release);
  }
  const [good, broken] = challengers.map(({ manifest }) => manifest.version) as [string, string];
  const approve = (which: string): Promise<string> => messageOf(approveModel(world.context, which, OPTIONS));
  expect(await approve(broken)).toContain('golden row 3');
  expect(await approve(good)).toBe('done');
  world.serve();
  expect([world.active(), world.log().activations.at(-1)?.origin]).toEqual([good, 'OPERATOR']);
  expect(await approve(good)).toContain('does not wait for approval');
});

test('a rollback from real data takes no model of simulated customers, whatever its letters, unless told to', async () => {
  const world = createLog();
  for (const name of ['Simulated', 'real']) {
    world.bring(releaseOf(name), 'OPERATOR');
    world.serve();
  }
  const simulated = releaseOf('Simulated').manifest.version;
  const rollback = (more: object) => messageOf(rollbackModel(world.context, { ...OPTIONS, ...more }));
  expect(await rollback({})).toMatch('nothing before real-');
  expect(await rollback({ to: simulated })).toMatch('that can be taken');
  expect(world.said.join()).toContain('simulated customers and is skipped: --allow-simulated takes it');
  expect(await rollback({ allowSimulated: true })).toBe('done');
  expect(world.active()).toBe(simulated);
  const activate = (which: string) => messageOf(activateModel(world.context, which, OPTIONS));
  world.bring(releaseOf('real'), 'OPERATOR');
  expect(await activate(simulated)).toMatch('--allow-simulated');
});

test('somebody else’s release of the same version and one of the same ONNX leave a model its name', async () => {
  const world = createLog();
  const a = releaseOf('a');
  const { version, sha256 } = a.manifest;
  world.bring(a, 'IMAGE');
  for (const forged of [{ modelSha256: 'f'.repeat(64) }, { modelVersion: 'forged' }])
    world.append({ ...record('RELEASE', version), modelSha256: sha256, ...forged });
  const activate = (which: string) => messageOf(activateModel(world.context, which, OPTIONS));
  expect(await activate(version)).toMatch(`more than one release: ${version}@${sha256.slice(0, 12)}`);
  expect(await activate(sha256)).toMatch('more than one release');
  expect(await activate(`${version}@${sha256.slice(0, 12)}`)).toBe('done');
  expect(await activate(`${version}@0000`)).toMatch('no such release');
});

test('a threshold is corrected with the ONNX of the log, under a version of its own', async () => {
  const world = createLog();
  const a = releaseOf('a');
  world.bring(a, 'GATE');
  await releaseModel(world.context, 'no/folder', { from: a.manifest.version, threshold: 0.35 });
  const corrected = JSON.parse(world.log().releases.at(-1)!.manifest) as Manifest;
  expect(corrected).toEqual(withThreshold(a.manifest, 0.35));
  expect(corrected.version).not.toBe(a.manifest.version);
  expect(corrected.sha256).toBe(a.manifest.sha256);
  expect(corrected.metrics).toMatchObject({ threshold: 0.35, roc_auc: a.manifest.metrics['roc_auc'] });
  expect(corrected.metrics).not.toHaveProperty('f1_weighted');
  expect(await messageOf(activateModel(world.context, corrected.version, OPTIONS))).toBe('done');
  expect(world.active()).toBe(corrected.version);
  const broken = releaseModel(world.context, 'no/folder', { from: 'b', threshold: 0.35 });
  await expect(broken).rejects.toThrow('no such release');
});

const record = (kind: ModelRecord['kind'], version: string): ModelRecord => ({
  ...{ kind, modelVersion: version, modelSha256: 'x', origin: 'OPERATOR', recordedAt: 0 },
  ...{ reason: null, requestId: null, actor: null, gateReport: null },
  ...{ aboutActivation: null, outcome: null, servingActivation: null, approval: null, trainer: null },
  ...{ manifest: '{}', artifactOffset: 0, artifactChunks: 1 },
});
const logOf = (...records: ModelRecord[]): ModelLog =>
  foldRecords(EMPTY_LOG, records.map((entry, offset) => ({ offset, record: entry }))); // prettier-ignore

test('a look at the log that is too early is not another activation; a log that cannot be followed ends in time', async () => {
  const reader = { close: () => Promise.resolve(), fault: () => undefined };
  const served = { ...record('REJECTION', 'b'), aboutActivation: 1, outcome: 'served' };
  const early = {
    follow: (onLog: (read: { log: ModelLog; next: number }) => void) => {
      const [a, b] = [record('ACTIVATION', 'a'), record('ACTIVATION', 'b')];
      onLog({ log: logOf(a), next: 1 });
      setTimeout(() => onLog({ log: logOf(a, b, served), next: 3 }), 20);
      return Promise.resolve(reader);
    },
  };
  expect(await outcomeOf(early as never, 1, 5000)).toMatchObject({ served: true });
  const never = { follow: () => new Promise<never>(() => undefined) };
  expect(await outcomeOf(never, 1, 50)).toBe('late');
});

test('only a scorer’s word is shown as one: an outcome in another record, or of another word, changes no fact', () => {
  const kindOf = (more: Partial<ModelRecord>): string =>
    factJson({ offset: 0, record: { ...record('REJECTION', 'a'), ...more } }).kind;
  expect(kindOf({ outcome: 'served', aboutActivation: 0 })).toBe('SERVED');
  expect(kindOf({ outcome: 'activation', aboutActivation: 0 })).toBe('REJECTION');
  expect(kindOf({ kind: 'RELEASE', outcome: 'served', aboutActivation: 0 })).toBe('RELEASE');
  expect(kindOf({ requestId: 'r', outcome: 'refused', aboutActivation: 0 })).toBe('REJECTION');
});

test('the history as JSON has each release’s figures, whatever its manifest is', () => {
  const factOf = (manifest: string) => factJson({ offset: 0, record: { ...record('RELEASE', 'a'), manifest } }); // prettier-ignore
  const { metrics, threshold } = champion.manifest;
  expect(factOf(JSON.stringify(champion.manifest))).toMatchObject({ metrics, threshold });
  expect(factOf('{"__proto__":{"metrics":1}}')).toMatchObject({ metrics: null, threshold: null });
});
