/** MLflow's REST API over a function that sends a request. Paths are those of its documentation; all throw an Error that says what MLflow answered. */
export interface MlflowClient {
  readonly base: string;
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  /** As `post`; undefined where it is there already. */
  create(path: string, body: unknown): Promise<unknown>;
  /** Uploads a file of a run through the server. */
  put(path: string, content: string | Uint8Array): Promise<void>;
}

/** What MLflow answers. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends one request; rejects if there is no answer. */
export type AskMlflow = (method: string, path: string, body?: string | Uint8Array) => Promise<Answer>;

/** @param base address of the server, without a slash at its end. */
export function createMlflowClient(base: string, ask: AskMlflow): MlflowClient {
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

function refusal(body: unknown): { code: string; message: string } {
  const { error_code, message } = (typeof body === 'object' ? (body ?? {}) : {}) as Record<string, unknown>;
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 300) : '');
  return { code: text(error_code), message: text(message) };
}
