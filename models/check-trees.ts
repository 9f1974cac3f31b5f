/** Trees of an ONNX model: a walk down each of them ends, soon. ONNX Runtime checks that in part. */
import { LIMITS } from './limits.ts';
import type { NodeProto } from './onnx_pb.ts';

const LEAF = 'LEAF';

type Ints = readonly bigint[];

/** Nodes by index and where their two ways lead (-1: nowhere, a leaf). */
interface Forest {
  readonly roots: readonly number[];
  readonly children: readonly (readonly [number, number])[];
}

/** What is wrong with the trees of a node, if it has any. */
export function cyclicTree(node: NodeProto): string | undefined {
  if (!node.opType.startsWith('TreeEnsemble')) return undefined;
  const ints = (name: string): Ints =>
    node.attribute.find((attribute) => attribute.name === name)?.ints ?? [];
  const modes = node.attribute.find(({ name }) => name === 'nodes_modes')?.strings ?? [];
  const forest = node.opType === 'TreeEnsemble' ? indexed(ints) : numbered(ints, modes);
  if (typeof forest === 'string') return forest;
  return walk(forest);
}

/** TreeEnsembleClassifier and -Regressor name a node by tree and number. */
function numbered(ints: (name: string) => Ints, modes: readonly Uint8Array[]): Forest | string {
  const [trees, ids] = [ints('nodes_treeids'), ints('nodes_nodeids')];
  const [yes, no] = [ints('nodes_truenodeids'), ints('nodes_falsenodeids')];
  if ([ids, yes, no, modes].some(({ length }) => length !== trees.length))
    return 'its lists of tree nodes have different lengths';
  const key = (tree: bigint, id: bigint): string => `${String(tree)}/${String(id)}`;
  const places = new Map(ids.map((id, i) => [key(trees[i]!, id), i]));
  if (places.size !== ids.length) return 'a tree has two nodes of one number';
  const isLeaf = (i: number): boolean => Buffer.from(modes[i]!).toString() === LEAF;
  const place = (i: number, to: bigint): number => places.get(key(trees[i]!, to)) ?? -2;
  return {
    roots: ids.map((_, i) => i),
    children: ids.map((_, i) => (isLeaf(i) ? [-1, -1] : [place(i, yes[i]!), place(i, no[i]!)])),
  };
}

/** TreeEnsemble names a node by its place in the lists. */
function indexed(ints: (name: string) => Ints): Forest | string {
  const [yes, no] = [ints('nodes_truenodeids'), ints('nodes_falsenodeids')];
  const [yesLeafs, noLeafs] = [ints('nodes_trueleafs'), ints('nodes_falseleafs')];
  if ([no, yesLeafs, noLeafs].some(({ length }) => length !== yes.length))
    return 'its lists of tree nodes have different lengths';
  const place = (to: bigint, isLeaf: bigint): number =>
    isLeaf !== 0n ? -1 : to >= 0n && to < BigInt(yes.length) ? Number(to) : -2;
  return {
    roots: ints('tree_roots').map(Number),
    children: yes.map((to, i) => [place(to, yesLeafs[i]!), place(no[i]!, noLeafs[i]!)]),
  };
}

const [NEW, OPEN] = [-1, -2];

/** Depth first with a stack of its own: a chain may be long. */
function walk({ roots, children }: Forest): string | undefined {
  const heights = new Int32Array(children.length).fill(NEW);
  let steps = 0;
  for (const root of roots) {
    const fault = measure(root, children, heights);
    if (fault !== undefined) return fault;
  }
  const isChild = new Uint8Array(children.length);
  for (const pair of children) for (const child of pair) if (child >= 0) isChild[child] = 1;
  for (const root of new Set(roots)) if (isChild[root] === 0) steps += heights[root]!;
  if (steps > LIMITS.treeSteps)
    return `a row may take ${String(steps)} steps down its trees, allowed are ${String(LIMITS.treeSteps)}`;
  return undefined;
}

function measure(root: number, children: Forest['children'], heights: Int32Array): string | undefined {
  const stack = [root];
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!;
    const pair = children[node];
    if (pair === undefined || pair.includes(-2)) return 'a tree node leads to a node that is not there';
    if (heights[node]! >= 0) {
      stack.pop();
      continue;
    }
    const below = pair.filter((child) => child >= 0);
    if (heights[node] === NEW) {
      heights[node] = OPEN;
      if (below.some((child) => heights[child] === OPEN)) return 'a tree leads back to a node above';
      stack.push(...below.filter((child) => heights[child] === NEW));
    } else {
      heights[node] = 1 + Math.max(0, ...below.map((child) => heights[child]!));
      stack.pop();
    }
  }
  return undefined;
}
