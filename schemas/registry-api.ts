/** How the API of a Confluent-compatible registry is recognised, and where it usually is. */
import { oneReset } from './connection-reset.ts';

/** What the registry says to a request; `body` is undefined if it is no JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Under the origin; the first that is the API is the one that is named. */
const KNOWN_PATHS = ['', '/apis/ccompat/v7', '/apis/ccompat/v6', '/api/ccompat', '/schema-registry', '/api/schema-registry']; // prettier-ignore

/** No registry has this id, and the API says so in its own words: asked for to see whether the registry is there. */
export const PROBE_PATH = '/schemas/ids/2147483647';

/** The registry's own "schema not found": the only answer that makes a record unreadable for good. */
const SCHEMA_NOT_FOUND = 40403;

export function isNotFound({ status, body }: Answer): boolean {
  return status === 404 && (body as { error_code?: unknown } | null)?.error_code === SCHEMA_NOT_FOUND;
}

/** Whether an answer to a request for a schema id comes from the API. */
export const isOfApi = (answer: Answer): boolean =>
  isNotFound(answer) ||
  (answer.status === 200 && typeof (answer.body as { schema?: unknown } | null)?.schema === 'string');

/** Whether such an answer says that the address is another one: not of a registry that fails, nor of one that refuses us. */
export const isElsewhere = ({ status }: Answer): boolean =>
  status < 500 && status !== 401 && status !== 403 && status !== 429;

/** Other addresses of the same server where the API may be. */
export function otherAddresses(base: string): string[] {
  const root = new URL(base);
  root.pathname = '';
  const addresses = [root.href.replace(/\/$/, ''), base].flatMap((prefix) =>
    KNOWN_PATHS.map((path) => prefix + path),
  );
  return [...new Set(addresses)].filter((address) => address !== base);
}

/** What an answer that is not of the API says, for an operator. */
export function describeAnswer({ status }: Answer, hasCredentials: boolean): string {
  if (status === 401 || status === 403) {
    const settings = 'registry.username and registry.passwordFile';
    return hasCredentials
      ? `it refuses the credentials (status ${String(status)}): look at ${settings}`
      : `it wants credentials (status ${String(status)}): set ${settings}`;
  }
  return `status ${String(status)}, which is no answer of a schema registry`;
}

const CERTIFICATE_ERRORS = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Why there was no answer, for an operator. */
export function describeFailure(cause: unknown): string {
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && CERTIFICATE_ERRORS.has(code))
    return `its certificate is not trusted (${code}): name the PEM file of its authority in registry.caFile`;
  // Several addresses were tried in vain: the error has a code, and no message.
  return typeof message === 'string' && message !== '' ? oneReset(message) : String(code ?? cause);
}
