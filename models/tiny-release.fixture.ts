/** A real model of two features, small enough to read, and the means to build others with one thing wrong. */
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { createGolden, goldenBytes } from './golden.ts';
import type { Golden, Manifest, Release } from './manifest.ts';
import { ModelProtoSchema, NodeProtoSchema, TensorProtoSchema } from './onnx_pb.ts';
import { sha256 } from './release-files.ts';

export type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
type AttributeInit = NonNullable<NodeInit['attribute']>[number];

export const FLOAT = 1;
export const INT64 = 7;

export const node = (
  opType: string,
  input: string[],
  output: string[],
  attribute: AttributeInit[] = [],
  domain = '',
): NodeInit => ({ opType, input, output, attribute, domain });
export const int = (name: string, i: number): AttributeInit => ({ name, type: 2, i: BigInt(i) });
export const ints = (name: string, values: number[]): AttributeInit => ({
  name,
  type: 7,
  ints: values.map(BigInt),
});
export const floats = (name: string, dims: number[], floatData: number[]): TensorInit => ({
  name,
  dims: dims.map(BigInt),
  dataType: FLOAT,
  floatData,
});
export const longs = (name: string, values: number[]): TensorInit => ({
  name,
  dims: [BigInt(values.length)],
  dataType: INT64,
  int64Data: values.map(BigInt),
});

const WEIGHTS = [0.02, -0.5];
const CLIP = [-100, 100] as const;
const BASE = -1;

/** outputs = [baseMargin + Σ contributions, contributions…]; a contribution is weight × value, 0 for a missing one. */
export const TINY_NODES: readonly NodeInit[] = [
  node('IsNaN', ['features'], ['missing']),
  node('Where', ['missing', 'zero', 'features'], ['filled']),
  node('Clip', ['filled', 'low', 'high'], ['clipped']),
  node('Mul', ['clipped', 'weights'], ['contributions']),
  node('ReduceSum', ['contributions', 'axis'], ['sum'], [int('keepdims', 1)]),
  node('Add', ['sum', 'base'], ['margin']),
  node('Concat', ['margin', 'contributions'], ['outputs'], [int('axis', 1)]),
];
const TINY_TENSORS: readonly TensorInit[] = [
  floats('zero', [], [0]),
  floats('low', [], [CLIP[0]]),
  floats('high', [], [CLIP[1]]),
  floats('weights', [1, 2], WEIGHTS),
  floats('base', [1, 1], [BASE]),
  longs('axis', [1]),
];

export interface TinyParts {
  readonly nodes?: readonly NodeInit[];
  /** Beside those of the sound model. */
  readonly tensors?: readonly TensorInit[];
  /** The first dimension of the input; else any. */
  readonly batch?: number;
}

/** The bytes of a model with the input `features` [n, 2] and the output `outputs` [n, 3]. */
export function tinyOnnx({ nodes = TINY_NODES, tensors = [], batch }: TinyParts = {}): Uint8Array {
  const rows =
    batch === undefined
      ? { value: { case: 'dimParam' as const, value: 'n' } }
      : { value: { case: 'dimValue' as const, value: BigInt(batch) } };
  const value = (name: string, width: number, first: typeof rows) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: FLOAT,
          shape: { dim: [first, { value: { case: 'dimValue' as const, value: BigInt(width) } }] },
        },
      },
    },
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [
        { domain: '', version: 15n },
        { domain: 'ai.onnx.ml', version: 3n },
      ],
      graph: {
        name: 'tiny',
        node: [...nodes],
        initializer: [...TINY_TENSORS, ...tensors],
        input: [value('features', 2, rows)],
        output: [value('outputs', 3, rows)],
      },
    }),
  );
}

/** The nodes of the sound model, and others whose output `more` [n, 1] or [1, 1] is added to the margin. */
export const withMargin = (...more: NodeInit[]): NodeInit[] => [
  ...TINY_NODES.slice(0, -1),
  ...more,
  node('Add', ['margin', 'more'], ['moved']),
  node('Concat', ['moved', 'contributions'], ['outputs'], [int('axis', 1)]),
];

const ROWS: (number | null)[][] = Array.from({ length: 40 }, (_, i) => [
  i % 7 === 0 ? null : 18 + i,
  i % 5 === 0 ? null : (i % 2) + 0.5,
]);

export const TINY_GOLDEN: Golden = createGolden(
  ROWS,
  ROWS.flatMap((row) => {
    const contributions = row.map((value, i) =>
      Math.fround(Math.min(Math.max(value ?? 0, CLIP[0]), CLIP[1]) * Math.fround(WEIGHTS[i]!)),
    );
    return [BASE + contributions[0]! + contributions[1]!, ...contributions];
  }),
  3,
);

const quantiles = (name: string, edges: number[], counts: number[], range: [number, number]) => ({
  name,
  kind: 'quantile' as const,
  edges,
  categories: [],
  min: range[0],
  max: range[1],
  counts,
});

const MANIFEST: Manifest = {
  formatVersion: 1,
  version: 'tiny',
  sha256: '',
  sizeBytes: 0,
  features: [
    { name: 'age', kind: 'numeric' },
    { name: 'isActiveMember', kind: 'numeric' },
  ],
  columns: 2,
  baseMargin: BASE,
  threshold: 0.5,
  riskCutoffs: { medium: 0.3, high: 0.7 },
  reasonsCount: 2,
  profile: {
    rows: 10,
    features: [
      quantiles('age', [40], [5, 4, 1, 0, 0], [18, 80]),
      quantiles('isActiveMember', [0], [3, 7, 0, 0, 0], [0, 1]),
    ],
    score: quantiles('score', [0.2, 0.5], [3, 3, 4, 0, 0, 0], [0.1, 0.9]),
  },
  goldenSha256: '',
  training: {
    dataset: { name: 'tiny', sha256: '', rows: 10 },
    split: { name: 'none', seed: 1, trainRows: 10, holdoutRows: 0 },
    parameters: {},
    resampling: 'none',
  },
  metrics: {},
};

/** A release that serves, but for what is changed in it: checksums and sizes are right in any case. */
export function tinyRelease(
  parts: TinyParts = {},
  golden: Uint8Array = goldenBytes(TINY_GOLDEN),
  changed: Partial<Manifest> = {},
): Release {
  const onnx = tinyOnnx(parts);
  const manifest = {
    ...MANIFEST,
    version: `tiny-${sha256(onnx).slice(0, 8)}`,
    sha256: sha256(onnx),
    sizeBytes: onnx.length,
    goldenSha256: sha256(golden),
    ...changed,
  };
  return { manifest, onnx, golden };
}

/** A golden set as Python's `json.dumps` may write it: other spaces, other forms of the same numbers. */
export const pythonGolden = (golden: Golden): Uint8Array =>
  Buffer.from(
    JSON.stringify(golden)
      .replaceAll(',', ', ')
      .replaceAll('":', '": ')
      .replaceAll(/(?<![\d.e-])(-?\d+)(?=[,\]}])/g, '$1.0')
      .replaceAll('0.00001', '1e-05'),
  );
