/** The versions that the registry has of a subject. */
import type { Answer } from './registry-api.ts';
import { away } from './registry-errors.ts';

/** A version of a subject; `schema` is parsed from JSON. */
export interface RegisteredSchema {
  readonly version: number;
  readonly schema: unknown;
}

/** Versions that are looked at: the newest. */
const MAX_VERSIONS = 50;
/** The registry's own words for a subject, or a version, that it does not have. */
const MISSING: readonly unknown[] = [40401, 40402];

/** The user may use the subject, but not list it: then the registry judges when a schema is registered. */
const MAY_NOT_LOOK = 403;

const isMissing = ({ status, body }: Answer): boolean =>
  status === 404 && MISSING.includes((body as { error_code?: unknown } | null)?.error_code);

/**
 * Asks for the newest versions of a subject; what is not Avro is left out.
 *
 * @returns none if there is no such subject. Rejects with REGISTRY_UNAVAILABLE.
 */
export async function readVersions(
  ask: (path: string) => Promise<Answer>,
  subject: string,
): Promise<RegisteredSchema[]> {
  const path = `/subjects/${encodeURIComponent(subject)}/versions`;
  const listed = await ask(path);
  if (isMissing(listed) || listed.status === MAY_NOT_LOOK) return [];
  const versions = numbersIn(listed, subject).sort((a, b) => b - a);
  const found: RegisteredSchema[] = [];
  for (const version of versions.slice(0, MAX_VERSIONS)) {
    const answer = await ask(`${path}/${String(version)}`);
    if (isMissing(answer)) continue;
    const { schema } = (answer.body ?? {}) as { schema?: unknown };
    if (answer.status !== 200 || typeof schema !== 'string')
      throw away(`status ${String(answer.status)} for ${subject}`);
    const parsed = parsedSchema(schema);
    if (parsed !== undefined) found.push({ version, schema: parsed });
  }
  return found;
}

function numbersIn({ status, body }: Answer, subject: string): number[] {
  if (status !== 200 || !Array.isArray(body) || !body.every((version) => typeof version === 'number'))
    throw away(`status ${String(status)} for the versions of ${subject}`);
  return [...body];
}

function parsedSchema(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
