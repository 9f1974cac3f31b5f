/** The release outside Node: what Python's ONNX Runtime, onnx.checker and shap say of it. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { simulateEvents } from '../../producers/simulate-events.io.ts';
import { featureRows } from '../../models/feature-row.ts';
import { parseGolden } from '../../models/golden.ts';
import { readRelease } from '../../models/store.io.ts';
import { createRandom } from '../../schemas/random.ts';
import { createSession } from '../../scoring/onnx.io.ts';
import { DEFAULT_PARAMETERS, fitEnsemble } from '../../training/boosting.ts';
import { exportOnnx } from '../../training/export.ts';
import { explainEnsemble } from '../../training/shapley.ts';
import type { Tree } from '../../training/tree.ts';
import { pythonOf, runPython } from '../environments/python.ts';

const python = pythonOf('parity') ?? '';
/** Importing shap alone takes a while on a busy machine. */
const PYTHON_MS = 200_000;

/** Rows as JSON has them: NaN = null. */
function toRows(x: Float32Array, columns: number): (number | null)[][] {
  return Array.from({ length: x.length / columns }, (_, row) =>
    Array.from(x.subarray(row * columns, (row + 1) * columns), (value) =>
      Number.isNaN(value) ? null : value,
    ),
  );
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);

describe.skipIf(python === '')('the release in Python', { timeout: PYTHON_MS }, () => {
  it('passes onnx.checker and gives the same numbers, also for missing, unseen and odd values', async () => {
    const { manifest, onnx, golden } = await readRelease('models/champion');
    const { columns } = manifest;
    const random = createRandom(5);
    const customers = [...simulateEvents(5000, 5, 'p-')].map(({ event }, i) => {
      if (i % 5 === 1) return { ...event, geography: null, tenure: null, age: null };
      return i % 5 === 2 ? { ...event, geography: 'Atlantis', gender: 'unseen' } : event;
    });
    const odd = [0, -0, 1, 1e-45, 3e38, -3e38, NaN].map((value) => new Array<number>(columns).fill(value));
    const noise = Array.from({ length: 1000 }, () =>
      Array.from({ length: columns }, () => (random.next() < 0.3 ? NaN : random.normal() * 1e5)),
    );
    const goldenRows = parseGolden(golden).rows.map((row) => row.map((value) => value ?? NaN));
    const others = Float32Array.from([...odd, ...noise, ...goldenRows].flat());
    const x = new Float32Array(customers.length * columns + others.length);
    x.set(featureRows(manifest.features, customers));
    x.set(others, customers.length * columns);

    const session = await createSession(onnx);
    onTestFinished(() => session.close());
    const inNode = await session.run(x, x.length / columns);
    const model = join(process.cwd(), 'models/champion/model.onnx');
    const request = { model, rows: toRows(x, columns) };
    const inPython = await runPython(python, 'e2e/python/onnx_outputs.py', request, PYTHON_MS);
    const outputs = (inPython as number[][]).flat();
    expect(outputs.length).toBe(inNode.length);
    expect(largestDifference(outputs, inNode)).toBeLessThanOrEqual(1e-6);
  });
});

/** A tree as shap takes it. An empty leaf gets a breath of cover: shap takes none without. */
function toShap(tree: Tree): Record<string, number[]> {
  const depth = tree.columns.length;
  const inner = (1 << depth) - 1;
  const nodes = Array.from({ length: 2 * inner + 1 }, (_, node) => node);
  const level = (node: number): number => 31 - Math.clz32(node + 1);
  const pick = (ofInner: (node: number) => number, ofLeaf: number | ((leaf: number) => number)): number[] =>
    nodes.map((node) =>
      node < inner ? ofInner(node) : typeof ofLeaf === 'number' ? ofLeaf : ofLeaf(node - inner),
    );
  const cover = pick(
    () => 0,
    (leaf) => Math.max(tree.cover[leaf]!, 1e-9),
  );
  for (let node = inner - 1; node >= 0; node--) cover[node] = cover[2 * node + 1]! + cover[2 * node + 2]!;
  return {
    children_left: pick((node) => 2 * node + 1, -1),
    children_right: pick((node) => 2 * node + 2, -1),
    children_default: pick((node) => 2 * node + 2 - tree.missingLeft[level(node)]!, -1),
    feature: pick((node) => tree.columns[level(node)]!, -1),
    threshold: pick((node) => tree.thresholds[level(node)]!, 0),
    value: pick(
      () => 0,
      (leaf) => tree.leaves[leaf]!,
    ),
    node_sample_weight: cover,
  };
}

describe.skipIf(python === '')('the reasons and shap.TreeExplainer', { timeout: PYTHON_MS }, () => {
  it('agree within 1e-5 for 2,000 rows of a model whose features are single columns', async () => {
    const columns = 8;
    const random = createRandom(9);
    const customers = [...simulateEvents(8000, 3, 's-')];
    const x = Float32Array.from(
      customers.flatMap(({ event: e }) =>
        [e.creditScore, e.age, e.tenure, e.balance, e.numOfProducts, Number(e.hasCrCard), Number(e.isActiveMember), e.estimatedSalary]
          .map((value) => (value === null || random.next() < 0.05 ? NaN : value)),
      ), // prettier-ignore
    );
    const y = Uint8Array.from(customers, ({ churned }) => Number(churned));
    const ensemble = fitEnsemble({ x, y, columns }, DEFAULT_PARAMETERS);
    const explained = explainEnsemble(ensemble, [...new Array(columns).keys()]);
    const session = await createSession(exportOnnx(ensemble, explained.trees, columns));
    onTestFinished(() => session.close());

    const rows = x.subarray(0, 2000 * columns);
    const ours = toRows(await session.run(rows, 2000), columns + 1).map(([, ...reasons]) => reasons);
    const request = {
      base: ensemble.startMargin,
      trees: ensemble.trees.map(toShap),
      rows: toRows(rows, columns),
    };
    const theirs = (await runPython(python, 'e2e/python/shap_values.py', request, PYTHON_MS)) as {
      base: number;
      values: number[][];
    };
    expect(largestDifference(ours.flat() as number[], theirs.values.flat())).toBeLessThanOrEqual(1e-5);
    expect(Math.abs(explained.baseMargin - theirs.base)).toBeLessThanOrEqual(1e-5);
  });
});
