/** MLflow over HTTP: bounded in time and size, and nothing depends on it. */
import { z } from 'zod';
import { credentialsIn, withoutCredentials } from '../schemas/address.ts';
import { readSecret } from '../schemas/secret-file.io.ts';
import { createMlflowClient, type AskMlflow, type MlflowClient } from './mlflow-client.ts';
import { recordRun, type TrainingRun } from './mlflow-record.ts';

/** Where MLflow is. */
export interface MlflowSettings {
  /** Tracking address, e.g. `http://localhost:5000`. */
  readonly uri: string;
  readonly username?: string | null;
  readonly passwordFile?: string | null;
  /** Longest wait for one answer, milliseconds. */
  readonly timeoutMs: number;
}

export type MlflowOutcome =
  | { readonly recorded: true; readonly runUrl: string; readonly modelVersion: string }
  | { readonly recorded: false; readonly fault: string };

/** The whole, in waits for one answer. */
const TOTAL_WAITS = 4;
/** Bytes of an answer that are read at most. */
const MAX_ANSWER = 1_000_000;

/**
 * Records a run, see `recordRun`. Never throws and takes at most four times `timeoutMs`: a training does not depend on MLflow.
 */
export async function recordInMlflow(settings: MlflowSettings, run: TrainingRun): Promise<MlflowOutcome> {
  const deadline = AbortSignal.timeout(settings.timeoutMs * TOTAL_WAITS);
  try {
    return { recorded: true, ...(await recordRun(connect(settings, deadline), run)) };
  } catch (error) {
    return { recorded: false, fault: faultOf(error) };
  }
}

/** `fetch` says "fetch failed", and why only in its cause. */
function faultOf(error: unknown): string {
  if (error instanceof z.ZodError) return 'what answers is not MLflow: is the address right?';
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : undefined;
  return code === undefined ? error.message : `${error.message}: ${code}`;
}

function connect(settings: MlflowSettings, deadline: AbortSignal): MlflowClient {
  const base = withoutCredentials(settings.uri).replace(/\/+$/, '');
  return createMlflowClient(base, createAsk(base, settings, deadline));
}

function authorization({ uri, username, passwordFile }: MlflowSettings): { authorization?: string } {
  const given =
    username == null || passwordFile == null
      ? credentialsIn(uri)
      : { username, password: readSecret(passwordFile, 'mlflow.passwordFile') };
  if (given === undefined) return {};
  const both = Buffer.from(`${given.username}:${given.password}`).toString('base64');
  return { authorization: `Basic ${both}` };
}

function createAsk(base: string, settings: MlflowSettings, deadline: AbortSignal): AskMlflow {
  const { timeoutMs } = settings;
  const login = authorization(settings);
  return async (method, path, body) => {
    const response = await fetch(`${base}/api/2.0/${path}`, {
      method,
      signal: AbortSignal.any([deadline, AbortSignal.timeout(timeoutMs)]),
      redirect: 'error',
      ...(body === undefined ? {} : { body }),
      headers: { ...login, ...(body === undefined ? {} : { 'content-type': contentType(body) }) },
    });
    return { status: response.status, body: parse(await readText(response)) };
  };
}

const contentType = (body: string | Uint8Array): string =>
  typeof body === 'string' ? 'application/json' : 'application/octet-stream';

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ANSWER) throw new Error(`an answer of more than ${String(MAX_ANSWER)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return text; // a proxy's page
  }
}
