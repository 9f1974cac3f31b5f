import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import type { OnnxModel } from './model.ts';

// From 1.29 on ONNX Runtime tells its maker about each model it loads, unless this is set before the first one.
process.env['ORT_DISABLE_TELEMETRY'] = '1';

const OPTIONS: InferenceSession.SessionOptions = {
  // One thread: the default pool is sized to the host, not to the container. Partitions are what runs side by side.
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 3,
};

const lastDimension = (meta: readonly InferenceSession.ValueMetadata[], name: string): number => {
  const found = meta.find((value) => value.name === name);
  const size = found?.isTensor === true ? found.shape.at(-1) : undefined;
  if (typeof size === 'number' && size > 0) return size;
  throw new BankChurnError(
    'MODEL_CORRUPT',
    `the ONNX model has no tensor "${name}" with a fixed last dimension`,
  );
};

/**
 * Loads a model from its bytes (never from a path: what was checked is what is loaded).
 *
 * @throws BankChurnError MODEL_CORRUPT where ONNX Runtime refuses the bytes or the names are not ours.
 */
export async function createSession(onnx: Uint8Array): Promise<OnnxModel> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(onnx, OPTIONS);
  } catch (cause) {
    const message = messageOf(cause);
    throw new BankChurnError('MODEL_CORRUPT', `ONNX Runtime cannot load the model: ${message}`, { cause });
  }
  const columns = lastDimension(session.inputMetadata, 'features');
  const outputs = lastDimension(session.outputMetadata, 'outputs');
  return {
    columns,
    outputs,
    run: async (rows, n) => {
      const features = new Tensor('float32', rows.subarray(0, n * columns), [n, columns]);
      const result = await session.run({ features });
      return result['outputs']!.data as Float32Array;
    },
    close: () => session.release(),
  };
}
