import { readFileSync } from 'node:fs';
import { COMPATIBILITY, SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import {
  compileAny,
  compileWriter,
  foreign,
  schemaId as idOf,
  type Shape,
  type WriterDecoder,
} from './avro.ts';
import { ForeignSchema, parseSchemaText } from './avro-schema.ts';
import type { FindWriter } from './decoder.ts';
import { BankChurnError, type Poison } from './errors.ts';
import { SCHEMAS, type SchemaName } from './generated.ts';
import { boundAgent, createAgent, createAsk, type Answer, type Ask } from './registry-http.io.ts';
import { show } from './checks.ts';

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
  /** The decoders of writer schemas. Whether a schema is ours is seen from itself, not from the subjects it is listed under. */
  findWriter<T>(shape: Shape<T>): FindWriter<T>;
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

/** Writer schemas kept; beyond that the oldest goes. */
const MAX_WRITERS = 500;
/** The registry's own "schema not found": the only answer that makes a record unreadable for good. */
const SCHEMA_NOT_FOUND = 40403;

const away = (what: string, cause?: unknown): BankChurnError =>
  new BankChurnError('REGISTRY_UNAVAILABLE', `schema registry: ${what}`, { cause });

export function createRegistry(settings: RegistrySettings): Registry {
  const { url, timeoutMs } = settings;
  const base = url.replace(/\/+$/, '');
  const ca = settings.caFile === undefined ? undefined : readFileSync(settings.caFile);
  const auth = credentials(settings);
  const http = { base, timeoutMs, ca, auth };
  const agents = [createAgent(http), boundAgent(createAgent(http), timeoutMs)] as const;
  const library = new SchemaRegistry({
    host: base,
    clientId: 'bankchurn',
    agent: agents[1],
    ...(auth === undefined ? {} : { auth }),
    retry: { retries: 0 },
  });
  const askOnce = createAsk(http, agents[0]);
  const ask: Ask = (method, path, body) =>
    askOnce(method, path, body).catch((cause: unknown) => {
      throw away(`${method} ${path}: ${String(cause)}`, cause);
    });

  async function fetchWriter<T>(id: number, shape: Shape<T>): Promise<WriterDecoder<T> | Poison> {
    const answer = await ask('GET', `/schemas/ids/${String(id)}`);
    if (isNotFound(answer))
      return { code: 'SCHEMA_UNKNOWN', message: `the registry has no schema with id ${String(id)}` };
    try {
      return compileWriter(sourceOf(id, answer), shape);
    } catch (error) {
      if (error instanceof ForeignSchema) return foreign(shape.schema, error);
      throw error;
    }
  }

  const decoders = new Map<number, (value: Buffer) => unknown>();
  const fetching = new Map<number, Promise<(value: Buffer) => unknown>>();

  async function fetchDecoder(id: number): Promise<(value: Buffer) => unknown> {
    const answer = await ask('GET', `/schemas/ids/${String(id)}`);
    if (isNotFound(answer))
      throw new BankChurnError('SCHEMA_UNKNOWN', `the registry has no schema with id ${String(id)}`);
    const decoder = compileAny(coded(() => sourceOf(id, answer)));
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

  function findWriter<T>(shape: Shape<T>): FindWriter<T> {
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
      const asking = asked.get(id) ?? fetchWriter(id, shape).then((found) => remember(id, found));
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
    close: () => agents.forEach((agent) => agent.destroy()),
  };
}

function credentials(settings: RegistrySettings): { username: string; password: string } | undefined {
  if (settings.username === undefined || settings.passwordFile === undefined) return undefined;
  return { username: settings.username, password: readFileSync(settings.passwordFile, 'utf8').trim() };
}

/** The schema of an answer, parsed. Throws ForeignSchema for one that is not Avro or beyond the limits. */
function sourceOf(id: number, { status, body }: Answer): unknown {
  const { schema, schemaType = 'AVRO' } = (body ?? {}) as { schema?: unknown; schemaType?: unknown };
  if (status !== 200 || typeof schema !== 'string')
    throw away(`status ${String(status)} for schema id ${String(id)}`);
  if (schemaType !== 'AVRO') throw new ForeignSchema(`it is not Avro but ${show(schemaType)}`);
  return parseSchemaText(schema);
}

/** A refused schema as an exception with a code. */
function coded<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ForeignSchema)) throw cause;
    throw new BankChurnError('SCHEMA_FOREIGN', `its writer schema cannot be read: ${cause.message}`, {
      cause,
    });
  }
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
  const fault = cause instanceof Error ? cause.message : String(cause);
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
