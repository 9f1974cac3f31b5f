import { COMPATIBILITY, SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type { AvroRecord } from './avro-schema.ts';
import { isHalfRegistered, refusal } from './registry-errors.ts';
import type { Credentials } from './address.ts';
import { PROBE_PATH } from './registry-api.ts';
import { createAskForSchema } from './registry-asking.io.ts';
import { boundAgent, createAgent, createAsk, type Ask, type Connection } from './registry-http.io.ts';
import { createRegistrySigns, type RegistryState } from './registry-state.ts';
import { createSchemaReader, type SchemaReader } from './registry-reader.ts';
import { readVersions, type RegisteredSchema } from './registry-versions.ts';
import type { TopicSubject } from './subjects.ts';
import { readNamedFile, readSecret } from './secret-file.io.ts';

/** How to reach a Confluent-compatible schema registry. */
export interface RegistrySettings {
  /** Base address without credentials, e.g. `http://localhost:8081` or `…/apis/ccompat/v7`. */
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
  /** If there is no `username`. */
  readonly credentials?: Credentials | undefined;
}

/** The schema registry as the product uses it. */
export interface Registry extends SchemaReader {
  /** Id of our schema under a subject; registers it (with its compatibility) where that is allowed. */
  schemaId(
    subject: string,
    schema: AvroRecord,
    compatibility: TopicSubject['compatibility'],
  ): Promise<number>;
  /** The newest versions of a subject; none if there is no such subject. Rejects with REGISTRY_UNAVAILABLE. */
  versions(subject: string): Promise<readonly RegisteredSchema[]>;
  /** Asks whether the registry is there. Rejects with REGISTRY_UNAVAILABLE, which says what is wrong with it. */
  check(): Promise<void>;
  /** As of the last request. */
  state(): RegistryState;
  /** Deletes a subject (the demo's own, on a registry that was given). */
  deleteSubject(subject: string): Promise<void>;
  close(): void;
}

/** Connects at the first request. */
export function createRegistry(settings: RegistrySettings): Registry {
  const { timeoutMs } = settings;
  const base = settings.url.replace(/\/+$/, '');
  const ca = settings.caFile === undefined ? undefined : readNamedFile(settings.caFile, 'registry.caFile');
  const auth = credentials(settings);
  const agents = [createAgent(base, ca), boundAgent(createAgent(base, ca), timeoutMs)] as const;
  const connection = { base, agent: agents[0], auth, timeoutMs };
  const ask = createAsk(connection);
  const signs = createRegistrySigns(Date.now);
  const askForSchema = createAskForSchema(connection, signs);
  const check = async (): Promise<void> => {
    await askForSchema(PROBE_PATH);
  };
  const register = createRegister(settings, agents[1], auth, ask);
  return {
    ...createSchemaReader({ ask: askForSchema, negativeTtlMs: settings.negativeTtlMs, now: Date.now }),
    schemaId: async (subject, schema, compatibility) => {
      if (signs.state().up !== true) await check();
      try {
        return await register(subject, schema, compatibility);
      } catch (cause) {
        await check(); // what is wrong with the registry itself says more than this answer
        throw refusal(subject, schema.name, settings.autoRegister, cause);
      }
    },
    versions: async (subject) => {
      if (signs.state().up !== true) await check();
      return readVersions((path) => ask('GET', path), subject);
    },
    check,
    state: signs.state,
    deleteSubject: async (subject) => {
      await ask('DELETE', `/subjects/${encodeURIComponent(subject)}`);
    },
    close: () => agents.forEach((agent) => agent.destroy()),
  };
}

/** Finds or registers our schemas. Rejects with whatever the library or the registry says. */
function createRegister(
  settings: RegistrySettings,
  agent: Connection['agent'],
  auth: Connection['auth'],
  ask: Ask,
): Registry['schemaId'] {
  const { timeoutMs, autoRegister } = settings;
  const library = new SchemaRegistry({
    host: settings.url.replace(/\/+$/, ''),
    clientId: 'bankchurn',
    agent,
    ...(auth === undefined ? {} : { auth: { ...auth } }),
    retry: { retries: 0 },
  });
  return async (subject, ours, compatibility) => {
    const schema = { type: 'AVRO' as never, schema: JSON.stringify(ours) };
    const register = async (): Promise<number> =>
      (await library.register(schema, { subject, compatibility: COMPATIBILITY[compatibility] })).id;
    const asking = !autoRegister
      ? library.getRegistryIdBySchema(subject, schema)
      : register().catch(async (error: unknown) => {
          // A first registration that was cut off in the middle has left the subject without its compatibility.
          if (!isHalfRegistered(error)) throw error;
          await ask('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility });
          return register();
        });
    return withTimeout(asking, timeoutMs * 3);
  };
}

function credentials(settings: RegistrySettings): Credentials | undefined {
  if (settings.username === undefined || settings.passwordFile === undefined) return settings.credentials;
  return {
    username: settings.username,
    password: readSecret(settings.passwordFile, 'registry.passwordFile'),
  };
}

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
