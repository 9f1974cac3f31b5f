import { expect, test } from 'vitest';
import { goldenBytes } from '../models/golden.ts';
import type { Release } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { floats, int, longs, node, pythonGolden, TINY_GOLDEN, TINY_NODES, tinyRelease, withMargin } from '../models/tiny-release.fixture.ts'; // prettier-ignore
import { createSession } from './onnx.io.ts';
import { prove } from './proof.ts';

const ports = { createSession, now: () => performance.now() };
const golden = (change: object): Uint8Array => goldenBytes({ ...TINY_GOLDEN, ...change });

test('sound releases pass: the shipped one, a tiny one, one whose golden file Python wrote', async () => {
  await prove(await readRelease('models/champion'), ports);
  await prove(tinyRelease(), ports);
  await prove(tinyRelease({}, pythonGolden(TINY_GOLDEN)), ports);
});

/** `more` = 0 unless a batch has as many rows as `size`. */
const atSize = (size: number) => ({
  nodes: withMargin(
    node('Shape', ['features'], ['shape']),
    node('Gather', ['shape', 'first'], ['rows']),
    node('Equal', ['rows', 'size'], ['hit']),
    node('Cast', ['hit'], ['more'], [int('to', 1)]),
  ),
  tensors: [longs('first', [0]), longs('size', [size])],
});

const constant = { nodes: [...TINY_NODES.slice(0, -4), node('Mul', ['clipped', 'nothing'], ['contributions']), ...TINY_NODES.slice(-3)], tensors: [floats('nothing', [1, 2], [0, 0])] }; // prettier-ignore
const unclipped = TINY_NODES.map((each) =>
  each.opType === 'Clip' ? node('Mul', ['filled', 'many'], ['clipped']) : each,
);
const doubled = golden({
  outputs: TINY_GOLDEN.outputs.map(([margin, ...parts]) => [
    2 * margin! + 1,
    ...parts.map((part) => 2 * part),
  ]),
});
const withNaN = TINY_NODES.map((each) =>
  each.opType === 'Where' ? node('Identity', ['features'], ['filled']) : each,
);
const ofOthers = withMargin(
  node('ReduceMean', ['margin'], ['mean'], [int('keepdims', 1)]),
  node('Mul', ['mean', 'little'], ['more']),
);

/** `more` = 0 × exp(d) where d is the difference of the two columns, which is 0 if they are equal. */
const difference = {
  nodes: withMargin(
    node('Gather', ['filled', 'first'], ['x'], [int('axis', 1)]),
    node('Gather', ['filled', 'second'], ['y'], [int('axis', 1)]),
    node('Sub', ['x', 'y'], ['d']),
    node('Exp', ['d'], ['e']),
    node('Mul', ['e', 'zero'], ['more']),
  ),
  tensors: [longs('first', [0]), longs('second', [1])],
};

test.each<[what: string, release: Release, reason: RegExp]>([
  ['another model', { ...tinyRelease(), onnx: tinyRelease({ batch: 3 }).onnx }, /model.onnx has sha256/],
  ['another size', tinyRelease({}, undefined, { sizeBytes: 1 }), /sizeBytes is 1/],
  ['another golden set', { ...tinyRelease(), golden: golden({ tolerance: 1 }) }, /another sha256/],
  ['a manifest that does not fit', tinyRelease({}, undefined, { columns: 3 }), /columns is 3/],
  ['too few golden rows', tinyRelease({}, golden({ rows: [[1, null]] })), /1 rows, allowed are 32/],
  ['outputs out of a wide tolerance', tinyRelease({ nodes: withMargin(node('Identity', ['base'], ['more'])) }, golden({ tolerance: 1e9 })), /golden row 0 gives/], // prettier-ignore
  ['a constant model', tinyRelease(constant, golden({ outputs: TINY_GOLDEN.rows.map(() => [-1, 0, 0]) })), /all golden rows have the same margin, -1/], // prettier-ignore
  ['another base margin', tinyRelease({}, undefined, { baseMargin: 3 }), /golden row 0 has the margin/],
  ['missing values that give NaN', tinyRelease({ nodes: withNaN }), /golden row 0 gives/],
  [
    'extreme values that overflow',
    tinyRelease({ nodes: unclipped, tensors: [floats('many', [], [2])] }, doubled),
    /a row of 3e\+38, 0 has an output that is no finite/,
  ],
  [
    'an extreme value in one feature',
    tinyRelease(difference),
    /a row of 3e\+38 in feature 0 has an output that is no finite/,
  ],
  ['a fixed number of rows', tinyRelease({ batch: 40 }), /invalid dimensions/],
  ['rows that depend on each other', tinyRelease({ nodes: ofOthers, tensors: [floats('little', [], [1e-6])] }), /gives other outputs for the same rows/], // prettier-ignore
  ['one batch size that is different', tinyRelease(atSize(300)), /a batch of 300 gives other outputs/],
])('%s is refused', async (_, release, reason) => {
  await expect(prove(release, ports)).rejects.toMatchObject({
    code: 'MODEL_CORRUPT',
    message: expect.stringMatching(reason) as string,
  });
});

test('a model whose runs take too long is refused', async () => {
  let clock = 0;
  const slow = { createSession, now: () => (clock += 2001) };
  await expect(prove(tinyRelease(), slow)).rejects.toThrow('1000 rows take 2001 ms, allowed are 2000');
});

test.each([
  [30_000, 0, 'a feature row would have 60008 columns, allowed are 2000'],
  [900, 100, 'profile.features.geography.categories are'],
])('a manifest of %i categories is refused soon, in a few words', async (count, letters, fault) => {
  const champion = await readRelease('models/champion');
  const categories = Array.from({ length: count }, (_, i) => String(i).padEnd(letters, '-'));
  const features = champion.manifest.features.map((feature) =>
    feature.kind === 'categorical' ? { ...feature, categories } : feature,
  );
  const manifest = { ...champion.manifest, features, columns: 8 + 2 * count };
  const begun = performance.now();
  const error: unknown = await prove({ ...champion, manifest }, ports).catch((thrown: unknown) => thrown);
  expect(performance.now() - begun).toBeLessThan(1000);
  expect((error as Error).message).toMatch(fault);
  expect((error as Error).message.length).toBeLessThan(600);
});
