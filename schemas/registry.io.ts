import { COMPATIBILITY, SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { SCHEMAS, type SchemaName } from './generated.ts';
import { isHalfRegistered, refusal } from './registry-errors.ts';
import { boundAgent, createAgent, createAsk } from './registry-http.io.ts';
import type { Credentials } from './address.ts';
import { createSchemaReader, type SchemaReader } from './registry-reader.ts';
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
  schemaId(subject: string, name: SchemaName, compatibility: TopicSubject['compatibility']): Promise<number>;
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
  const library = new SchemaRegistry({
    host: base,
    clientId: 'bankchurn',
    agent: agents[1],
    ...(auth === undefined ? {} : { auth: { ...auth } }),
    retry: { retries: 0 },
  });
  const ask = createAsk({ base, agent: agents[0], auth, timeoutMs });

  async function schemaId(
    subject: string,
    name: SchemaName,
    compatibility: TopicSubject['compatibility'],
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
    ...createSchemaReader({
      ask: (path) => ask('GET', path),
      negativeTtlMs: settings.negativeTtlMs,
      now: Date.now,
    }),
    schemaId,
    deleteSubject: async (subject) => {
      await ask('DELETE', `/subjects/${encodeURIComponent(subject)}`);
    },
    close: () => agents.forEach((agent) => agent.destroy()),
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
