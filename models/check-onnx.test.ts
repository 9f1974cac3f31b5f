import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { onnxFaults, readsSizes } from './check-onnx.ts';
import { AttributeProtoSchema, FunctionProtoSchema, GraphProtoSchema, ModelProtoSchema, type ModelProto, type NodeProto } from './onnx_pb.ts'; // prettier-ignore
import { OPERATORS } from './operators.ts';
import { parseOnnx } from './parse-onnx.ts';
import { readRelease } from './store.io.ts';
import { int, ints, longs, node, tinyOnnx, withMargin, type NodeInit, type TinyParts } from './tiny-release.fixture.ts'; // prettier-ignore

/**
 * What the exporters write for 500 rows of 13 columns: skl2onnx 1.20.0 of scikit-learn 1.9.1 (30 estimators and pipelines,
 * all but KNeighborsClassifier, which needs a Scan), onnxmltools 1.16.0 of LightGBM 4.7.0 and XGBoost 3.2.0, CatBoost 1.2.10,
 * onnx 1.23.2. Of PyTorch: not exported here; what its TorchScript exporter's symbolics write for linear layers, embeddings,
 * attention, normalisation and activations.
 */
const EXPORTED: Readonly<Record<string, string>> = {
  'scikit-learn': `Abs Add ArgMax ArgMin Cast Clip Concat ConstantOfShape Div Equal Exp Flatten Gather Greater Identity Log
    MatMul Mul Pow ReduceLogSumExp ReduceMax ReduceMean ReduceProd ReduceSum ReduceSumSquare Relu Reshape Shape Sigmoid Sqrt
    Sub Sum TopK Transpose Where ml/ArrayFeatureExtractor ml/Binarizer ml/Imputer ml/LabelEncoder ml/LinearClassifier
    ml/Normalizer ml/OneHotEncoder ml/SVMClassifier ml/Scaler ml/TreeEnsembleClassifier ml/ZipMap`,
  LightGBM: `ArgMax Cast Concat Div Identity Mul Reshape Sub Sum ml/ArrayFeatureExtractor ml/TreeEnsembleClassifier
    ml/TreeEnsembleRegressor ml/ZipMap`,
  XGBoost: 'ml/TreeEnsembleClassifier ml/TreeEnsembleRegressor',
  CatBoost: 'ml/TreeEnsembleClassifier ml/TreeEnsembleRegressor ml/ZipMap',
  PyTorch: `Add BatchNormalization Cast Clip Concat Constant ConstantOfShape Div Elu Equal Erf Exp Expand Flatten Gather Gemm
    Identity IsNaN LayerNormalization LeakyRelu Log LogSoftmax MatMul Mul Neg Not PRelu Pow ReduceMean ReduceSum Relu Reshape
    Selu Shape Sigmoid Slice Softmax Softplus Split Sqrt Squeeze Sub Tanh Transpose Unsqueeze Where`,
};

test.each(Object.entries(EXPORTED))('all operators of %s are allowed', (_, operators) => {
  const refused = operators.split(/\s+/).filter((operator) => {
    const [name, domain] = operator.split('/').reverse() as [string, string?];
    return OPERATORS.get(domain === undefined ? '' : 'ai.onnx.ml')?.has(name) !== true;
  });
  expect(refused).toEqual([]);
});

test('sound models have no faults', async () => {
  const { onnx } = await readRelease('models/champion');
  expect([...onnxFaults(parseOnnx(onnx))]).toEqual([]);
  expect([...onnxFaults(parseOnnx(tinyOnnx()))]).toEqual([]);
});

const faultsOf = (parts: TinyParts): string[] => [...onnxFaults(parseOnnx(tinyOnnx(parts)))];
const cast = node('Cast', ['margin'], ['whole'], [int('to', 7)]);

test.each([
  ['Loop', ''],
  ['Scan', ''],
  ['If', ''],
  ['NonZero', ''],
  ['Resize', ''],
  ['RandomNormalLike', ''],
  ['Dropout', ''],
  ['CDist', 'com.microsoft'],
  ['Add', 'com.example'],
  ['MadeUp', 'ai.onnx.ml'],
])('the operator %s of "%s" is refused', (opType, domain) => {
  const nodes = withMargin(node(opType, ['margin'], ['more'], [], domain));
  expect(faultsOf({ nodes })[0]).toMatch(new RegExp(`^operator ${opType}.*is not allowed`));
});

test.each<[opType: string, inputs: string[], at: number]>([
  ['Expand', ['base', 'whole'], 1],
  ['ConstantOfShape', ['whole'], 0],
  ['Tile', ['base', 'whole'], 1],
  ['Range', ['zero', 'whole', 'axis'], 1],
  ['Reshape', ['features', 'whole'], 1],
  ['Slice', ['features', 'axis', 'whole'], 2],
  ['Pad', ['features', 'whole'], 1],
  ['OneHot', ['axis', 'whole', 'features'], 1],
  ['TopK', ['features', 'whole'], 1],
  ['ReduceMax', ['features', 'whole'], 1],
])('%s of a size that the rows say is refused', (opType, inputs, at) => {
  const nodes = withMargin(cast, node(opType, inputs, ['more']));
  expect(faultsOf({ nodes })).toEqual([
    `${opType} has a size that depends on the data (input ${String(at)})`,
  ]);
});

test('sizes may come of constants and shapes; a model that reads shapes says so', () => {
  const parts = {
    nodes: withMargin(node('Shape', ['margin'], ['shape']), node('ConstantOfShape', ['shape'], ['more'])),
  };
  expect(faultsOf(parts)).toEqual([]);
  expect(readsSizes(parseOnnx(tinyOnnx(parts)))).toBe(true);
  expect(readsSizes(parseOnnx(tinyOnnx()))).toBe(false);
});

test.each([
  ['Div', ['whole', 'whole'], true],
  ['Mod', ['axis', 'whole'], true],
  ['Div', ['whole', 'axis'], true],
  ['Div', ['axis', 'axis'], false],
  ['Div', ['margin', 'margin'], false],
])('%s of %j: a division of whole numbers that the rows hold is refused', (opType, inputs, isRefused) => {
  const found = faultsOf({ nodes: withMargin(cast, node(opType, inputs, ['more'])) });
  expect(found.length > 0).toBe(isRefused);
  if (isRefused)
    expect(found[0]).toBe(
      `${opType} divides whole numbers that depend on the data: divide floating-point numbers`,
    );
});

test('values must be written before they are read', () => {
  const nodes = withMargin(node('Add', ['later', 'base'], ['more']));
  expect(faultsOf({ nodes })).toEqual(['Add reads later, which no node before it writes']);
});

/** Two nodes and two leaves, unless another way is given: 0 → (1, leaf 2), 1 → (leaf 2, leaf 3). */
const tree = (yes: number[], no: number[], modes = ['BRANCH_LEQ', 'BRANCH_LEQ', 'LEAF', 'LEAF']): NodeInit =>
  node(
    'TreeEnsembleRegressor',
    ['features'],
    ['more'],
    [
      ints('nodes_treeids', [0, 0, 0, 0]),
      ints('nodes_nodeids', [0, 1, 2, 3]),
      ints('nodes_truenodeids', yes),
      ints('nodes_falsenodeids', no),
      { name: 'nodes_modes', type: 8, strings: modes.map((mode) => Buffer.from(mode)) },
    ],
    'ai.onnx.ml',
  );

test.each<[what: string, node: NodeInit, fault: RegExp | undefined]>([
  ['that ends', tree([1, 2, 0, 0], [2, 3, 0, 0]), undefined],
  ['whose ways meet again', tree([1, 3, 0, 0], [3, 3, 0, 0]), undefined],
  ['that leads to itself', tree([0, 2, 0, 0], [2, 3, 0, 0]), /leads back to a node above/],
  ['that leads back', tree([1, 0, 0, 0], [2, 3, 0, 0]), /leads back to a node above/],
  ['without a root', tree([1, 0, 0, 0], [1, 0, 0, 0]), /leads back to a node above/],
  ['that leads nowhere', tree([1, 9, 0, 0], [2, 3, 0, 0]), /leads to a node that is not there/],
  ['of uneven lists', tree([1], [2, 3, 0, 0]), /different lengths/],
])('a tree %s', (_, given, fault) => {
  const found = faultsOf({ nodes: withMargin(given) });
  if (fault === undefined) expect(found).toEqual([]);
  else expect(found).toEqual([expect.stringMatching(fault)]);
});

test('a chain of trees that is too long for a row is refused', () => {
  const n = 600_000;
  const at = Array.from({ length: n }, (_, i) => i);
  const chain = node(
    'TreeEnsemble',
    ['features'],
    ['more'],
    [
      ints('tree_roots', [0]),
      ints('nodes_truenodeids', at.map((i) => i + 1)),
      ints('nodes_falsenodeids', at),
      ints('nodes_trueleafs', at.map((i) => Number(i === n - 1))),
      ints('nodes_falseleafs', at.map(() => 1)),
    ],
    'ai.onnx.ml',
  ); // prettier-ignore
  expect(faultsOf({ nodes: withMargin(chain) })[0]).toContain(
    '600000 steps down its trees, allowed are 500000',
  );
});

type Change = (model: ModelProto, first: NodeProto) => unknown;
const unknown = [{ no: 20, wireType: 2, data: new Uint8Array([0]) }];

test.each<[what: string, change: Change, fault: string]>([
  [
    'a function',
    (m) => m.functions.push(create(FunctionProtoSchema, { name: 'f', domain: 'd' })),
    'it has functions of its own (d.f): inline them',
  ],
  [
    'a subgraph',
    (_, first) =>
      first.attribute.push(create(AttributeProtoSchema, { name: 'body', g: create(GraphProtoSchema) })),
    'IsNaN holds a graph of its own',
  ],
  [
    'a reference',
    (_, first) => first.attribute.push(create(AttributeProtoSchema, { name: 'a', refAttrName: 'b' })),
    'IsNaN refers to an attribute of a function',
  ],
  [
    'an attribute twice',
    (_, first) => first.attribute.push(...[1, 2].map(() => create(AttributeProtoSchema, { name: 'a' }))),
    'IsNaN has an attribute twice',
  ],
  ['external data', (m) => (m.graph!.initializer[0]!.dataLocation = 1), 'tensor zero lies in another file'],
  [
    'a second input',
    (m) => m.graph!.input.push({ ...m.graph!.input[0]!, name: 'more' }),
    'its inputs are features, more, needed is features',
  ],
  ['training info', (m) => (m.$unknown = unknown), 'onnx.ModelProto has a field 20 that we do not know'],
  ['no graph', (m) => delete m.graph, 'it has no graph'],
])('%s is refused', (_, change, fault) => {
  const model = fromBinary(ModelProtoSchema, tinyOnnx());
  change(model, model.graph!.node[0]!);
  expect([...onnxFaults(parseOnnx(toBinary(ModelProtoSchema, model)))]).toContain(fault);
});

test('bytes that two readers may read in two ways are refused', () => {
  const bytes = Buffer.from(tinyOnnx({ tensors: [longs('unused', [1])] }));
  const at = bytes.indexOf('\x22\x05IsNaN'); // field 4, operator: length-delimited
  bytes[at] = 0x20; // field 4 as a number: C++ skips it
  expect(() => parseOnnx(bytes)).toThrow('NodeProto.op_type has wire type 0');
  expect(() => parseOnnx(Buffer.from('\x20\0\0\0ORTM' + 'x'.repeat(50)))).toThrow('is in the ORT format');
  expect(() => parseOnnx(tinyOnnx().subarray(0, -3))).toThrow('no valid ONNX');
  expect(() => parseOnnx(Buffer.from('no model'))).toThrow('no valid ONNX');
});
