/**
 * What a model may be made of. The list is as wide as what the exporters of scikit-learn, LightGBM, XGBoost, CatBoost and
 * PyTorch write for classifiers of tables. What it leaves out, it leaves out so that one thing holds: for a given number of
 * rows, every tensor has the same size whatever the rows hold. So what a model takes in the proof is what it takes in
 * service. That excludes control flow (Loop, Scan, If), sizes that depend on the data (NonZero, Compress, Unique) and
 * chance (RandomNormal, Dropout). An operator that takes a size as an input may take it from constants and shapes only.
 */
const words = (text: string): string[] => text.trim().split(/\s+/);

/** By domain; the standard domain's name is empty. */
export const OPERATORS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    '',
    new Set(
      words(`
        Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh BatchNormalization Cast CastLike Ceil Celu Clip Concat
        Constant ConstantOfShape Cos Cosh CumSum Div Einsum Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements
        GatherND Gelu Gemm Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Hardmax Identity
        InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization MatMul
        Max Mean MeanVarianceNormalization Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow RMSNormalization Range Reciprocal
        ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
        Relu Reshape Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign
        Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor`),
    ),
  ],
  [
    'ai.onnx.ml',
    new Set(
      words(`
        ArrayFeatureExtractor Binarizer FeatureVectorizer Imputer LabelEncoder LinearClassifier LinearRegressor Normalizer
        OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor ZipMap`),
    ),
  ],
]);

/** Inputs whose values say how large the output is, by their positions. */
const SIZE_INPUTS: Readonly<Record<string, readonly number[]>> = {
  ConstantOfShape: [0],
  CumSum: [1],
  Expand: [1],
  OneHot: [1],
  Pad: [1, 3],
  Range: [0, 1, 2],
  Reshape: [1],
  Slice: [1, 2, 3, 4],
  Split: [1],
  Squeeze: [1],
  Tile: [1, 2],
  TopK: [1],
  Trilu: [1],
  Unsqueeze: [1],
};
/** Their axes. */
const REDUCTION_INPUTS = [1];

export const sizeInputs = (operator: string): readonly number[] =>
  SIZE_INPUTS[operator] ?? (operator.startsWith('Reduce') ? REDUCTION_INPUTS : []);

/** Operators that make numbers of sizes. */
export const SIZE_READERS: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** Operators whose output depends on the sizes of their inputs, not on the values. */
export const OF_SIZES: ReadonlySet<string> = new Set([...SIZE_READERS, 'ConstantOfShape']);

/** A node in a message: `If`, for ONNX's own domain has no name; `TreeEnsemble (ai.onnx.ml)`. */
export const titleOf = ({ opType, domain }: { opType: string; domain: string }): string =>
  `${opType}${domain === '' ? '' : ` (${domain})`}`.slice(0, 100);
