import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { COMPATIBILITY, SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { compileAny, compileWriter, schemaId as idOf, type Shape, type WriterDecoder } from './avro.ts';
import type { FindWriter } from './decoder.ts';
import { BankChurnError, messageOf, type Poison } from './errors.ts';
import { SCHEMAS, type SchemaName } from './generated.ts';

/** How to reach a Confluent-compatible schema registry. */
export interface RegistrySettings {
  /** Base address, e.g. `http://localhost:8081` or `…/apis/ccompat/v7`. */
  readonly url: string;
  /** Longest wait for one answer, milliseconds. */
  readonly timeoutMs: number;
  /** How long a refused schema id is remembered, milliseconds. */
  readonly negativeTtlMs: number;
  /** Whether schemas are registered where they are missing; otherwise they must be there. */
  readonly autoRegister: boolean;
  readonly caFile?: string | undefined;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
}

/** The schema registry as the product uses it. */
export interface Registry {
  /** The decoder of a writer schema, if it is registered under one of `subjects`. */
  findWriter<T>(subjects: readonly string[], shape: Shape<T>): FindWriter<T>;
  /** Id of our schema under a subject; registers it (with its compatibility) where that is allowed. */
  schemaId(
    subject: string,
    name: SchemaName,
    compatibility: 'FULL_TRANSITIVE' | 'BACKWARD_TRANSITIVE',
  ): Promise<number>;
  /**
   * Decodes any value in the wire format by its writer's schema.
   *
   * @throws BankChurnError RECORD_UNDECODABLE or SCHEMA_UNKNOWN where the value is at fault, REGISTRY_UNAVAILABLE otherwise.
   */
  decode(value: Buffer): Promise<unknown>;
  /** Deletes a subject (the demo's own, on a registry that was given). */
  deleteSubject(subject: string): Promise<void>;
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}
/** Writer schemas kept; beyond that the oldest goes. */
const MAX_WRITERS = 500;
/** Bytes of an answer that are read at most. */
const MAX_ANSWER = 1_000_000;
/** The registry's own "schema not found": the only answer that makes a record unreadable for good. */
const SCHEMA_NOT_FOUND = 40403;

const away = (what: string, cause?: unknown): BankChurnError =>
  new BankChurnError('REGISTRY_UNAVAILABLE', `schema registry: ${what}`, { cause });

export function createRegistry(settings: RegistrySettings): Registry {
  const { url, timeoutMs } = settings;
  const base = url.replace(/\/+$/, '');
  const ca = settings.caFile === undefined ? undefined : readFileSync(settings.caFile);
  const secure = base.startsWith('https:');
  const agent = secure ? new https.Agent({ keepAlive: true, ca }) : new http.Agent({ keepAlive: true });
  const auth = credentials(settings);
  const library = new SchemaRegistry({
    host: base,
    clientId: 'bankchurn',
    agent,
    ...(auth === undefined ? {} : { auth }),
    retry: { retries: 0 },
  });

  async function ask(method: 'GET' | 'DELETE' | 'PUT', path: string, body?: object): Promise<Answer> {
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
        (secure ? https : http)
          .request(base + path, options, resolve)
          .once('error', reject)
          .end(body === undefined ? undefined : JSON.stringify(body));
      });
      if (Number(response.headers['content-length'] ?? 0) > MAX_ANSWER)
        throw new Error('the answer is too large');
      return { status: response.statusCode ?? 0, body: JSON.parse(await text(response)) as unknown };
    } catch (cause) {
      const why =
        cause instanceof Error && cause.name === 'AbortError'
          ? `no answer in ${String(timeoutMs)} ms`
          : String(cause);
      throw away(`${method} ${path}: ${why}`, cause);
    }
  }

  async function fetchWriter<T>(
    id: number,
    subjects: readonly string[],
    shape: Shape<T>,
  ): Promise<WriterDecoder<T> | Poison> {
    const versions = await ask('GET', `/schemas/ids/${String(id)}/versions`);
    if (isNotFound(versions))
      return { code: 'SCHEMA_UNKNOWN', message: `the registry has no schema with id ${String(id)}` };
    const owners = subjectsOf(versions);
    if (owners === undefined)
      throw away(`no list of subjects for schema id ${String(id)} (status ${String(versions.status)})`);
    if (!owners.some((owner) => subjects.includes(owner))) {
      const message = `schema id ${String(id)} belongs to ${owners.join(', ')}, not to ${subjects.join(' or ')}`;
      return { code: 'SCHEMA_FOREIGN', message };
    }
    return compileWriter(sourceOf(id, await ask('GET', `/schemas/ids/${String(id)}`)), shape);
  }

  const decoders = new Map<number, (value: Buffer) => unknown>();
  const fetching = new Map<number, Promise<(value: Buffer) => unknown>>();

  async function fetchDecoder(id: number): Promise<(value: Buffer) => unknown> {
    const answer = await ask('GET', `/schemas/ids/${String(id)}`);
    if (isNotFound(answer))
      throw new BankChurnError('SCHEMA_UNKNOWN', `the registry has no schema with id ${String(id)}`);
    const decoder = compileAny(sourceOf(id, answer));
    bounded(decoders).set(id, decoder);
    return decoder;
  }

  async function decode(value: Buffer): Promise<unknown> {
    const id = idOf(value);
    if (id === undefined) throw new BankChurnError('RECORD_UNDECODABLE', 'not in the wire format');
    const known = decoders.get(id);
    if (known !== undefined) return known(value);
    const asking = fetching.get(id) ?? fetchDecoder(id).finally(() => fetching.delete(id));
    fetching.set(id, asking);
    return (await asking)(value);
  }

  function findWriter<T>(subjects: readonly string[], shape: Shape<T>): FindWriter<T> {
    const known = new Map<number, WriterDecoder<T>>();
    const refused = new Map<number, { readonly poison: Poison; readonly until: number }>();
    const asked = new Map<number, Promise<WriterDecoder<T> | Poison>>();
    const remember = (id: number, found: WriterDecoder<T> | Poison): WriterDecoder<T> | Poison => {
      if (typeof found === 'function') bounded(known).set(id, found);
      else bounded(refused).set(id, { poison: found, until: Date.now() + settings.negativeTtlMs });
      return found;
    };
    return async (id) => {
      const writer = known.get(id);
      if (writer !== undefined) return writer;
      const refusal = refused.get(id);
      if (refusal !== undefined && refusal.until > Date.now()) return refusal.poison;
      const asking = asked.get(id) ?? fetchWriter(id, subjects, shape).then((found) => remember(id, found));
      asked.set(id, asking);
      return asking.finally(() => asked.delete(id));
    };
  }

  async function schemaId(
    subject: string,
    name: SchemaName,
    compatibility: keyof typeof COMPATIBILITY,
  ): Promise<number> {
    const schema = { type: 'AVRO' as never, schema: JSON.stringify(SCHEMAS[name]) };
    const register = async (): Promise<number> =>
      (await library.register(schema, { subject, compatibility: COMPATIBILITY[compatibility] })).id;
    const asking = !settings.autoRegister
      ? library.getRegistryIdBySchema(subject, schema)
      : register().catch(async (error: unknown) => {
          // A first registration that was cut off in the middle has left the subject without its compatibility.
          if (!isHalfRegistered(error)) throw error;
          await ask('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility });
          return register();
        });
    try {
      return await withTimeout(asking, timeoutMs * 3);
    } catch (cause) {
      throw refusal(subject, name, settings.autoRegister, cause);
    }
  }

  return {
    findWriter,
    schemaId,
    decode,
    deleteSubject: async (subject) => {
      await ask('DELETE', `/subjects/${encodeURIComponent(subject)}`);
    },
    close: () => agent.destroy(),
  };
}

function credentials(settings: RegistrySettings): { username: string; password: string } | undefined {
  if (settings.username === undefined || settings.passwordFile === undefined) return undefined;
  return { username: settings.username, password: readFileSync(settings.passwordFile, 'utf8').trim() };
}

/** Anything but a list with subjects is nonsense, and no reason to call a record foreign. */
function subjectsOf({ status, body }: Answer): string[] | undefined {
  if (status !== 200 || !Array.isArray(body) || body.length === 0) return undefined;
  const subjects = body.map((version) => (version as { subject?: unknown } | null)?.subject);
  return subjects.every((subject) => typeof subject === 'string') ? subjects : undefined;
}

/** The schema of an answer, parsed. */
function sourceOf(id: number, { status, body }: Answer): unknown {
  const source = (body as { schema?: unknown } | null)?.schema;
  if (status !== 200 || typeof source !== 'string')
    throw away(`status ${String(status)} for schema id ${String(id)}`);
  return JSON.parse(source);
}

function isNotFound({ status, body }: Answer): boolean {
  return status === 404 && (body as { error_code?: unknown } | null)?.error_code === SCHEMA_NOT_FOUND;
}

function bounded<V>(map: Map<number, V>): Map<number, V> {
  const oldest = map.size >= MAX_WRITERS ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
  return map;
}

const isHalfRegistered = (error: unknown): boolean =>
  error instanceof Error &&
  error.name === 'ConfluentSchemaRegistryCompatibilityError' &&
  error.message.includes('!= NONE');

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${String(ms)} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An incompatible or missing schema is for a person to mend; anything else may pass. */
function refusal(subject: string, name: string, autoRegister: boolean, cause: unknown): BankChurnError {
  const fault = messageOf(cause);
  const status = (cause as { status?: unknown } | null)?.status;
  const errorName = (cause as { name?: unknown } | null)?.name;
  const incompatible =
    status === 409 || status === 422 || errorName === 'ConfluentSchemaRegistryCompatibilityError';
  if (incompatible) {
    return new BankChurnError('SCHEMA_REFUSED', `the registry refuses ${name} under ${subject}: ${fault}`, {
      cause,
    });
  }
  const missing = !autoRegister && (status === 404 || errorName === 'ConfluentSchemaRegistryError');
  if (missing) {
    const hint = `register it (\`bankchurn topics create\`) or set registry.autoRegister: true`;
    return new BankChurnError('SCHEMA_REFUSED', `${name} is not registered under ${subject}: ${hint}`, {
      cause,
    });
  }
  return away(`${subject}: ${fault}`, cause);
}
