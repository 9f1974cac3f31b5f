/** Schemas that others wrote with, read through the registry: each asked for once, refusals remembered for a while. */
import { compileAny, compileWriter, schemaId as idOf, type Shape, type WriterDecoder } from './avro.ts';
import type { FindWriter } from './decoder.ts';
import { BankChurnError, type Poison } from './errors.ts';
import { away } from './registry-errors.ts';

/** What the registry says to a request. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}
/** Asks the registry for a path. Rejects with REGISTRY_UNAVAILABLE if there is no answer. */
export type AskRegistry = (path: string) => Promise<Answer>;

/** Writer schemas kept; beyond that the oldest goes. */
const MAX_WRITERS = 500;
/** The registry's own "schema not found": the only answer that makes a record unreadable for good. */
const SCHEMA_NOT_FOUND = 40403;

export interface SchemaReader {
  /** The decoder of a writer schema, if it is registered under one of `subjects`. */
  findWriter<T>(subjects: readonly string[], shape: Shape<T>): FindWriter<T>;
  /**
   * Decodes any value in the wire format by its writer's schema.
   *
   * @throws BankChurnError RECORD_UNDECODABLE or SCHEMA_UNKNOWN where the value is at fault, REGISTRY_UNAVAILABLE otherwise.
   */
  decode(value: Buffer): Promise<unknown>;
}

export interface SchemaReaderOptions {
  readonly ask: AskRegistry;
  /** How long a refused schema id is remembered, milliseconds. */
  readonly negativeTtlMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Finds writers, decodes values. Memory: MAX_WRITERS schemas of each kind. */
export function createSchemaReader(options: SchemaReaderOptions): SchemaReader {
  return {
    findWriter: (subjects, shape) => createFindWriter(options, subjects, shape),
    decode: createDecodeAny(options.ask),
  };
}

function createFindWriter<T>(
  { ask, negativeTtlMs, now }: SchemaReaderOptions,
  subjects: readonly string[],
  shape: Shape<T>,
): FindWriter<T> {
  const known = new Map<number, WriterDecoder<T>>();
  const refused = new Map<number, { readonly poison: Poison; readonly until: number }>();
  const asked = new Map<number, Promise<WriterDecoder<T> | Poison>>();
  const remember = (id: number, found: WriterDecoder<T> | Poison): WriterDecoder<T> | Poison => {
    if (typeof found === 'function') bounded(known).set(id, found);
    else bounded(refused).set(id, { poison: found, until: now() + negativeTtlMs });
    return found;
  };
  return async (id) => {
    const writer = known.get(id);
    if (writer !== undefined) return writer;
    const refusal = refused.get(id);
    if (refusal !== undefined && refusal.until > now()) return refusal.poison;
    const asking =
      asked.get(id) ?? fetchWriter(ask, id, subjects, shape).then((found) => remember(id, found));
    asked.set(id, asking);
    return asking.finally(() => asked.delete(id));
  };
}

async function fetchWriter<T>(
  ask: AskRegistry,
  id: number,
  subjects: readonly string[],
  shape: Shape<T>,
): Promise<WriterDecoder<T> | Poison> {
  const versions = await ask(`/schemas/ids/${String(id)}/versions`);
  if (isNotFound(versions))
    return { code: 'SCHEMA_UNKNOWN', message: `the registry has no schema with id ${String(id)}` };
  const owners = subjectsOf(versions);
  if (owners === undefined)
    throw away(`no list of subjects for schema id ${String(id)} (status ${String(versions.status)})`);
  if (!owners.some((owner) => subjects.includes(owner))) {
    const message = `schema id ${String(id)} belongs to ${owners.join(', ')}, not to ${subjects.join(' or ')}`;
    return { code: 'SCHEMA_FOREIGN', message };
  }
  return compileWriter(sourceOf(id, await ask(`/schemas/ids/${String(id)}`)), shape);
}

function createDecodeAny(ask: AskRegistry): SchemaReader['decode'] {
  const decoders = new Map<number, (value: Buffer) => unknown>();
  const fetching = new Map<number, Promise<(value: Buffer) => unknown>>();

  async function fetchDecoder(id: number): Promise<(value: Buffer) => unknown> {
    const answer = await ask(`/schemas/ids/${String(id)}`);
    if (isNotFound(answer))
      throw new BankChurnError('SCHEMA_UNKNOWN', `the registry has no schema with id ${String(id)}`);
    const decoder = compileAny(sourceOf(id, answer));
    bounded(decoders).set(id, decoder);
    return decoder;
  }

  return async (value) => {
    const id = idOf(value);
    if (id === undefined) throw new BankChurnError('RECORD_UNDECODABLE', 'not in the wire format');
    const known = decoders.get(id);
    if (known !== undefined) return known(value);
    const asking = fetching.get(id) ?? fetchDecoder(id).finally(() => fetching.delete(id));
    fetching.set(id, asking);
    return (await asking)(value);
  };
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
