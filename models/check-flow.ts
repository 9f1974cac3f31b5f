/** Where the values of the rows go in a model: never into a size, never into a division of whole numbers. */
import type { GraphProto, NodeProto, TensorProto } from './onnx_pb.ts';
import { OF_SIZES, sizeInputs, titleOf } from './operators.ts';

/** What is known of a value by its name. */
interface Flow {
  readonly known: Set<string>;
  /** Computed of the rows' values. */
  readonly ofRows: Set<string>;
  /** Whole numbers or flags. */
  readonly whole: Set<string>;
}

/** Yields what is wrong. `graph.node` must be in an order in which each value is written before it is read. */
export function* flowFaults({ node: nodes, initializer }: GraphProto): Generator<string> {
  const names = initializer.map(({ name }) => name);
  const flow: Flow = {
    known: new Set([...names, 'features', '']),
    ofRows: new Set(['features']),
    whole: new Set(initializer.filter(isWholeTensor).map(({ name }) => name)),
  };
  for (const node of nodes) {
    yield* nodeFaults(node, flow);
    const isOfRows = !OF_SIZES.has(node.opType) && node.input.some((name) => flow.ofRows.has(name));
    node.output.forEach((name, i) => {
      flow.known.add(name);
      if (isOfRows) flow.ofRows.add(name);
      if (isWhole(node, i, flow.whole)) flow.whole.add(name);
    });
  }
}

function* nodeFaults(node: NodeProto, { known, ofRows, whole }: Flow): Generator<string> {
  const unknown = node.input.find((name) => !known.has(name));
  if (unknown !== undefined)
    yield `${titleOf(node)} reads ${unknown.slice(0, 100)}, which no node before it writes`;
  const at = sizeInputs(node.opType).find((input) => ofRows.has(node.input[input] ?? ''));
  if (at !== undefined) yield `${titleOf(node)} has a size that depends on the data (input ${String(at)})`;
  // The processor ends the process where the least whole number is divided by -1.
  if (DIVISIONS.has(node.opType) && node.input.some((name) => ofRows.has(name) && whole.has(name)))
    yield `${titleOf(node)} divides whole numbers that depend on the data: divide floating-point numbers`;
}

const DIVISIONS = new Set(['Div', 'Mod']);
/** TensorProto.DataType: all integers, and flags. */
const WHOLE_TYPES = new Set([2, 3, 4, 5, 6, 7, 9, 12, 13]);
const isWholeTensor = ({ dataType }: TensorProto): boolean => WHOLE_TYPES.has(dataType);

const ALWAYS_WHOLE = new Set(['ArgMax', 'ArgMin', 'Shape', 'Size', 'LabelEncoder']);
const NEVER_WHOLE = new Set(['FeatureVectorizer', 'LinearRegressor', 'Normalizer', 'OneHotEncoder', 'SVMRegressor', 'Scaler', 'TreeEnsemble', 'TreeEnsembleRegressor']); // prettier-ignore
/** Classifiers give the class, then its scores. */
const WHOLE_OUTPUT: Readonly<Record<string, number>> = {
  TopK: 1,
  LinearClassifier: 0,
  SVMClassifier: 0,
  TreeEnsembleClassifier: 0,
};
/** The input whose type the output has, if it is not the first. */
const TYPE_INPUT: Readonly<Record<string, number>> = { Where: 1, OneHot: 2, CastLike: 1 };

/** Whether an output of a node may hold whole numbers. */
function isWhole({ opType, input, attribute }: NodeProto, output: number, whole: Flow['whole']): boolean {
  if (NEVER_WHOLE.has(opType)) return false;
  if (ALWAYS_WHOLE.has(opType) || WHOLE_OUTPUT[opType] === output) return true;
  if (opType.endsWith('Classifier')) return false;
  if (opType === 'Cast') return attribute.some(({ name, i }) => name === 'to' && WHOLE_TYPES.has(Number(i)));
  if (opType === 'Constant' || opType === 'ConstantOfShape')
    return attribute.some(({ name, t }) => name.startsWith('value_int') || (t && isWholeTensor(t)));
  return whole.has(input[TYPE_INPUT[opType] ?? 0] ?? '');
}
