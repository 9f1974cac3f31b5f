/** HTTP to the schema registry, bounded: whatever answers, it takes neither more memory nor more time than this. */
import http from 'node:http';
import https from 'node:https';
import { withoutCredentials } from './address.ts';
import { describeFailure, type Answer } from './registry-api.ts';
import { away } from './registry-errors.ts';

/** Bytes of an answer that are read at most. */
const MAX_ANSWER = 1_000_000;

export interface Connection {
  /** Without a slash at the end. */
  readonly base: string;
  readonly agent: http.Agent;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  /** Longest wait for a whole answer, milliseconds. */
  readonly timeoutMs: number;
}

export type Ask = (method: 'GET' | 'DELETE' | 'PUT', path: string, body?: object) => Promise<Answer>;

/** A keep-alive agent for the registry's address. */
export function createAgent(base: string, ca: Buffer | undefined): http.Agent {
  return base.startsWith('https:')
    ? new https.Agent({ keepAlive: true, ca })
    : new http.Agent({ keepAlive: true });
}

/**
 * Asks the registry. Rejects with REGISTRY_UNAVAILABLE if there is no answer in time and size; what is no JSON is an answer
 * without a body.
 */
export function createAsk({ base, agent, auth, timeoutMs }: Connection): Ask {
  const { request } = base.startsWith('https:') ? https : http;
  return async (method, path, body) => {
    const options = {
      method,
      agent,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        accept: 'application/vnd.schemaregistry.v1+json, application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(auth === undefined ? {} : { auth: `${auth.username}:${auth.password}` }),
    };
    try {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        request(base + path, options, resolve)
          .once('error', reject)
          .end(body === undefined ? undefined : JSON.stringify(body));
      });
      return { status: response.statusCode ?? 0, body: parsed(await readText(response)) };
    } catch (cause) {
      const why = options.signal.aborted ? `no answer in ${String(timeoutMs)} ms` : describeFailure(cause);
      throw away(`${withoutCredentials(base)}: ${why}`, cause);
    }
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the response.
    if (size > MAX_ANSWER) throw new Error(`the answer has more than ${String(MAX_ANSWER)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

type AddRequest = (request: http.ClientRequest, ...rest: unknown[]) => void;

/** Bounds what others ask through an agent: a library that collects whole answers, and waits for as long as they take. */
export function boundAgent(agent: http.Agent, timeoutMs: number): http.Agent {
  const target = agent as http.Agent & { addRequest: AddRequest };
  const addRequest = target.addRequest.bind(agent);
  target.addRequest = (request, ...rest) => {
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer in ${String(timeoutMs)} ms`)),
      timeoutMs,
    );
    request.once('close', () => clearTimeout(timer));
    request.once('response', (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER) request.destroy();
      });
    });
    addRequest(request, ...rest);
  };
  return agent;
}
