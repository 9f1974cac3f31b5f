/** Whether a model is made of nothing but what a model may be made of (operators.ts). */
import type { Message } from '@bufbuild/protobuf';
import { flowFaults } from './check-flow.ts';
import { cyclicTree } from './check-trees.ts';
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from './onnx_pb.ts';
import { OPERATORS, SIZE_READERS, titleOf } from './operators.ts';

/** Yields what is wrong with a model, as sentences. */
export function* onnxFaults(model: ModelProto): Generator<string> {
  yield* unknownFields(model);
  const [first] = model.functions;
  if (first !== undefined) yield `it has functions of its own (${first.domain}.${first.name}): inline them`;
  if (model.graph === undefined) yield 'it has no graph';
  else yield* graphFaults(model.graph);
}

/** Whether a model computes with the number of its rows: then no batch size stands for another. */
export const readsSizes = ({ graph }: ModelProto): boolean =>
  graph?.node.some(({ opType }) => SIZE_READERS.has(opType)) === true;

function* graphFaults(graph: GraphProto): Generator<string> {
  yield* unknownFields(graph);
  for (const tensor of graph.initializer) yield* tensorFaults(tensor);
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.map(({ name }) => name).filter((name) => !constants.has(name));
  if (inputs.join() !== 'features') yield `its inputs are ${inputs.join(', ') || 'none'}, needed is features`;
  for (const node of graph.node) yield* nodeFaults(node);
  yield* flowFaults(graph);
}

const domainOf = ({ domain }: NodeProto): string => (domain === 'ai.onnx' ? '' : domain);

function* nodeFaults(node: NodeProto): Generator<string> {
  yield* unknownFields(node);
  if (OPERATORS.get(domainOf(node))?.has(node.opType) !== true)
    yield `operator ${titleOf(node)} is not allowed (models/operators.ts lists those that are)`;
  const names = node.attribute.map(({ name }) => name);
  if (new Set(names).size !== names.length) yield `${titleOf(node)} has an attribute twice`;
  for (const attribute of node.attribute) yield* attributeFaults(attribute, node);
  const tree = cyclicTree(node);
  if (tree !== undefined) yield `${titleOf(node)}: ${tree}`;
}

function* attributeFaults(attribute: AttributeProto, node: NodeProto): Generator<string> {
  yield* unknownFields(attribute);
  const { t, g, tensors, graphs, refAttrName } = attribute;
  if (g !== undefined || graphs.length > 0) yield `${titleOf(node)} holds a graph of its own`;
  if (refAttrName !== '') yield `${titleOf(node)} refers to an attribute of a function`;
  for (const tensor of t === undefined ? tensors : [t, ...tensors]) yield* tensorFaults(tensor);
}

function* tensorFaults(tensor: TensorProto): Generator<string> {
  yield* unknownFields(tensor);
  if (tensor.externalData.length > 0 || tensor.dataLocation !== 0)
    yield `tensor ${tensor.name.slice(0, 100)} lies in another file`;
}

/** Fields of newer formats, which we would not check. */
function* unknownFields(message: Message): Generator<string> {
  const [first] = message.$unknown ?? [];
  if (first !== undefined) yield `${message.$typeName} has a field ${String(first.no)} that we do not know`;
}
