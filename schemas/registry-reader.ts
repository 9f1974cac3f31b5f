/** Schemas that others wrote with, read through the registry: each asked for once, refusals remembered for a while. */
import {
  compileAny,
  compileWriter,
  foreign,
  schemaId as idOf,
  type Layout,
  type WriterDecoder,
} from './avro.ts';
import { ForeignSchema, parseSchemaText } from './avro-schema.ts';
import type { FindWriter } from './decoder.ts';
import { BankChurnError, type Poison } from './errors.ts';
import { isNotFound, type Answer } from './registry-api.ts';
import { away } from './registry-errors.ts';

/** Asks the registry for a path. Rejects with REGISTRY_UNAVAILABLE if there is no answer. */
export type AskRegistry = (path: string) => Promise<Answer>;

/** Writer schemas kept; beyond that the oldest goes. */
const MAX_WRITERS = 500;
export interface SchemaReader {
  /** The decoders of writer schemas. Whether a schema is ours is seen from itself, not from the subjects it is listed under. */
  findWriter(layout: Layout): FindWriter;
  /**
   * Decodes any value in the wire format by its writer's schema.
   *
   * @throws BankChurnError RECORD_UNDECODABLE or SCHEMA_* where the value is at fault, REGISTRY_UNAVAILABLE otherwise.
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
  const sources: Sources = new Map();
  return {
    findWriter: (layout) => createFindWriter(options, sources, layout),
    decode: createDecodeAny(options),
  };
}

/** Schemas that were read, by their ids: another layout (each model may have its own) need not ask for them again. */
type Sources = Map<number, unknown>;

function createFindWriter(
  { ask, negativeTtlMs, now }: SchemaReaderOptions,
  sources: Sources,
  layout: Layout,
): FindWriter {
  const known = new Map<number, WriterDecoder>();
  const refused = new Map<number, { readonly poison: Poison; readonly until: number }>();
  const asked = new Map<number, Promise<WriterDecoder | Poison>>();
  const remember = (id: number, found: WriterDecoder | Poison): WriterDecoder | Poison => {
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
      asked.get(id) ?? fetchWriter(ask, sources, id, layout).then((found) => remember(id, found));
    asked.set(id, asking);
    return asking.finally(() => asked.delete(id));
  };
}

/** The largest id that a registry gives: it answers a request for a larger one as for a path that it does not have. */
const MAX_ID = 0x7fff_ffff;

/** What the registry says of an id; undefined: there is no such schema. */
async function askForId(ask: AskRegistry, id: number): Promise<Answer | undefined> {
  if (id > MAX_ID) return undefined;
  const answer = await ask(`/schemas/ids/${String(id)}`);
  return isNotFound(answer) ? undefined : answer;
}

const unknown = (id: number): Poison => ({
  code: 'SCHEMA_UNKNOWN',
  message: `the registry has no schema with id ${String(id)}`,
});

async function fetchWriter(
  ask: AskRegistry,
  sources: Sources,
  id: number,
  layout: Layout,
): Promise<WriterDecoder | Poison> {
  if (sources.has(id)) return compileWriter(sources.get(id), layout);
  const answer = await askForId(ask, id);
  if (answer === undefined) return unknown(id);
  try {
    const source = sourceOf(id, answer);
    const writer = compileWriter(source, layout);
    if (typeof writer === 'function') bounded(sources).set(id, source);
    return writer;
  } catch (error) {
    if (error instanceof ForeignSchema) return foreign(layout, error);
    throw error;
  }
}

function createDecodeAny({ ask, negativeTtlMs, now }: SchemaReaderOptions): SchemaReader['decode'] {
  const missing = new Map<number, number>();
  const decoders = new Map<number, (value: Buffer) => unknown>();
  const fetching = new Map<number, Promise<(value: Buffer) => unknown>>();

  async function fetchDecoder(id: number): Promise<(value: Buffer) => unknown> {
    const answer = (missing.get(id) ?? 0) > now() ? undefined : await askForId(ask, id);
    if (answer === undefined) {
      if ((missing.get(id) ?? 0) <= now()) bounded(missing).set(id, now() + negativeTtlMs);
      const { code, message } = unknown(id);
      throw new BankChurnError(code, message);
    }
    const decoder = compileAny(coded(() => sourceOf(id, answer)));
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

/** The schema of an answer, parsed. Throws ForeignSchema for one that is not Avro or beyond the limits. */
function sourceOf(id: number, { status, body }: Answer): unknown {
  const { schema, schemaType = 'AVRO' } = (body ?? {}) as { schema?: unknown; schemaType?: unknown };
  if (status !== 200 || typeof schema !== 'string')
    throw away(`status ${String(status)} for schema id ${String(id)}`);
  if (schemaType !== 'AVRO')
    throw new ForeignSchema(`it is not Avro but ${JSON.stringify(String(schemaType).slice(0, 20))}`);
  return parseSchemaText(schema);
}

/** A refused schema as an exception with a code. */
function coded<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ForeignSchema)) throw cause;
    const message = `its writer schema cannot be read: ${cause.message}`;
    throw new BankChurnError('SCHEMA_FOREIGN', message, { cause });
  }
}

function bounded<K, V>(map: Map<K, V>): Map<K, V> {
  const oldest = map.size >= MAX_WRITERS ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
  return map;
}
