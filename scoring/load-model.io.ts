import { readRelease } from '../models/store.io.ts';
import { openModel, type Model } from './model.ts';
import { createSession } from './onnx.io.ts';

/** Reads a release from a folder, proves it and makes it ready to score. Throws a `BankChurnError` that says what is wrong. */
export async function loadModel(folder: string): Promise<Model> {
  return openModel(await readRelease(folder), createSession);
}
