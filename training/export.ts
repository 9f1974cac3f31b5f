import { create, toBinary } from '@bufbuild/protobuf';
import type { Ensemble } from './boosting.ts';
import { ModelProtoSchema } from '../models/onnx_pb.ts';
import type { LeafContributions } from './shapley.ts';

/** AttributeProto.AttributeType of the format. */
const INT = 2;
const STRING = 3;
const FLOATS = 6;
const INTS = 7;
const STRINGS = 8;
const FLOAT_TENSOR = 1;
/** Versions that current and older runtimes load: IR 8, opset 15, ai.onnx.ml 3. */
const IR_VERSION = 8n;
const OPSETS = [
  { domain: '', version: 15n },
  { domain: 'ai.onnx.ml', version: 3n },
];

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const ints = (name: string, values: readonly number[]) => ({
  name,
  type: INTS,
  ints: values.map((value) => BigInt(value)),
});
const floats = (name: string, values: readonly number[]) => ({ name, type: FLOATS, floats: [...values] });

interface Nodes {
  readonly treeIds: number[];
  readonly nodeIds: number[];
  readonly columns: number[];
  readonly values: number[];
  readonly modes: string[];
  readonly trueIds: number[];
  readonly falseIds: number[];
  readonly missingTrue: number[];
}
interface Targets {
  readonly treeIds: number[];
  readonly nodeIds: number[];
  readonly ids: number[];
  readonly weights: number[];
}

/**
 * One `TreeEnsembleRegressor`: input `features` float32 [n, columns], output `outputs` float32 [n, 1 + players] — the
 * margin, then the exact contribution of every player. No sigmoid: ONNX Runtime ignores `post_transform=LOGISTIC` here,
 * and the probability is taken in JavaScript (ADR 2).
 */
export function exportOnnx(
  ensemble: Ensemble,
  contributions: readonly LeafContributions[],
  players: number,
): Uint8Array {
  const nodes: Nodes = {
    treeIds: [],
    nodeIds: [],
    columns: [],
    values: [],
    modes: [],
    trueIds: [],
    falseIds: [],
    missingTrue: [],
  };
  const targets: Targets = { treeIds: [], nodeIds: [], ids: [], weights: [] };
  ensemble.trees.forEach((_, treeId) => addTree(ensemble, contributions, treeId, nodes, targets));
  const outputs = 1 + players;
  const attribute = [
    ints('nodes_treeids', nodes.treeIds),
    ints('nodes_nodeids', nodes.nodeIds),
    ints('nodes_featureids', nodes.columns),
    floats('nodes_values', nodes.values),
    { name: 'nodes_modes', type: STRINGS, strings: nodes.modes.map(bytes) },
    ints('nodes_truenodeids', nodes.trueIds),
    ints('nodes_falsenodeids', nodes.falseIds),
    ints('nodes_missing_value_tracks_true', nodes.missingTrue),
    ints('target_treeids', targets.treeIds),
    ints('target_nodeids', targets.nodeIds),
    ints('target_ids', targets.ids),
    floats('target_weights', targets.weights),
    floats('base_values', [ensemble.startMargin, ...new Array<number>(players).fill(0)]),
    { name: 'n_targets', type: INT, i: BigInt(outputs) },
    { name: 'aggregate_function', type: STRING, s: bytes('SUM') },
    { name: 'post_transform', type: STRING, s: bytes('NONE') },
  ];
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'bankchurn',
    opsetImport: OPSETS,
    graph: {
      name: 'churn',
      node: [
        {
          input: ['features'],
          output: ['outputs'],
          name: 'trees',
          opType: 'TreeEnsembleRegressor',
          domain: 'ai.onnx.ml',
          attribute,
        },
      ],
      input: [tensor('features', ensemble.columns)],
      output: [tensor('outputs', outputs)],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

function tensor(name: string, width: number) {
  const dim = [
    { value: { case: 'dimParam' as const, value: 'n' } },
    { value: { case: 'dimValue' as const, value: BigInt(width) } },
  ];
  return {
    name,
    type: { value: { case: 'tensorType' as const, value: { elemType: FLOAT_TENSOR, shape: { dim } } } },
  };
}

/** Nodes in heap order: node n has the children 2n + 1 (true: x <= threshold) and 2n + 2; leaves come last. */
function addTree(
  ensemble: Ensemble,
  contributions: readonly LeafContributions[],
  treeId: number,
  nodes: Nodes,
  targets: Targets,
): void {
  const tree = ensemble.trees[treeId]!;
  const depth = tree.columns.length;
  const inner = (1 << depth) - 1;
  for (let node = 0; node < 2 * inner + 1; node++) {
    const isLeaf = node >= inner;
    const level = 31 - Math.clz32(node + 1);
    nodes.treeIds.push(treeId);
    nodes.nodeIds.push(node);
    nodes.columns.push(isLeaf ? 0 : tree.columns[level]!);
    nodes.values.push(isLeaf ? 0 : tree.thresholds[level]!);
    nodes.modes.push(isLeaf ? 'LEAF' : 'BRANCH_LEQ');
    nodes.trueIds.push(isLeaf ? 0 : 2 * node + 1);
    nodes.falseIds.push(isLeaf ? 0 : 2 * node + 2);
    nodes.missingTrue.push(isLeaf ? 0 : tree.missingLeft[level]!);
    if (isLeaf)
      addLeaf(tree.leaves[node - inner]!, contributions[treeId]!, treeId, node, node - inner, targets);
  }
}

function addLeaf(
  value: number,
  { players, values }: LeafContributions,
  treeId: number,
  node: number,
  leaf: number,
  targets: Targets,
): void {
  const add = (id: number, weight: number): void => {
    targets.treeIds.push(treeId);
    targets.nodeIds.push(node);
    targets.ids.push(id);
    targets.weights.push(weight);
  };
  add(0, value);
  players.forEach((player, i) => {
    const contribution = values[leaf * players.length + i]!;
    if (contribution !== 0) add(1 + player, contribution);
  });
}
