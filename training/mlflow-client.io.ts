/** Requests to an MLflow server, bounded in time and size. */

/** Where MLflow is. */
export interface MlflowSettings {
  /** Tracking address without credentials, e.g. `http://localhost:5000`. */
  readonly uri: string;
  /** Longest wait for one answer, milliseconds. */
  readonly timeoutMs: number;
}

/** Paths are those of MLflow's REST API; all throw an Error that says what MLflow answered. */
export interface MlflowClient {
  readonly base: string;
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  /** As `post`; undefined where it is there already. */
  create(path: string, body: unknown): Promise<unknown>;
  /** Uploads a file of a run through the server. */
  put(path: string, content: string | Uint8Array): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Bytes of an answer that are read at most. */
const MAX_ANSWER = 1_000_000;

/** @param deadline ends every request. */
export function createMlflowClient({ uri, timeoutMs }: MlflowSettings, deadline: AbortSignal): MlflowClient {
  const { username, password } = new URL(uri);
  if (username !== '' || password !== '') throw new Error('credentials in the address are not taken');
  const base = uri.replace(/\/+$/, '');

  async function ask(method: string, path: string, body?: string | Uint8Array): Promise<Answer> {
    const response = await fetch(`${base}/api/2.0/${path}`, {
      method,
      signal: AbortSignal.any([deadline, AbortSignal.timeout(timeoutMs)]),
      redirect: 'error',
      ...(body === undefined ? {} : { body, headers: { 'content-type': contentType(body) } }),
    });
    return { status: response.status, body: parse(await readText(response)) };
  }
  const taken = ({ status, body }: Answer, path: string): unknown => {
    if (status === 200) return body;
    const { message } = refusal(body);
    throw new Error(`${path.split('?', 1)[0]!}: HTTP ${String(status)} ${message}`.trim());
  };
  const post = (path: string, body: unknown): Promise<Answer> =>
    ask('POST', `mlflow/${path}`, JSON.stringify(body));

  return {
    base,
    get: async (path) => taken(await ask('GET', `mlflow/${path}`), path),
    post: async (path, body) => taken(await post(path, body), path),
    create: async (path, body) => {
      const answer = await post(path, body);
      return refusal(answer.body).code === 'RESOURCE_ALREADY_EXISTS' ? undefined : taken(answer, path);
    },
    put: async (path, content) => {
      taken(await ask('PUT', `mlflow-artifacts/artifacts/${path}`, content), 'mlflow-artifacts');
    },
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

function refusal(body: unknown): { code: string; message: string } {
  const { error_code, message } = (typeof body === 'object' ? (body ?? {}) : {}) as Record<string, unknown>;
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 300) : '');
  return { code: text(error_code), message: text(message) };
}
