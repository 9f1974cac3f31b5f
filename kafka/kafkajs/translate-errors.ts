/** kafkajs's errors as the port's: by their names, and by the broker's error types. */
import { oneReset } from '../../schemas/connection-reset.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import { KafkaError, type KafkaErrorKind } from '../errors.ts';

/** What of an error of the library is used here. */
interface LibraryError extends Error {
  readonly retriable?: boolean;
  /** The broker's word, of a protocol error; of a connection error the socket's. */
  readonly type?: string;
  readonly code?: unknown;
  /** Of what it is, where the library says so. */
  readonly topic?: string;
  /** Of a KafkaJSAggregateError. */
  readonly errors?: readonly unknown[];
}

/**
 * What a call needs a right for, by the resource that the broker's refusal is of: `WRITE topic churn-scores`. The refusal itself
 * names neither operation nor resource.
 */
export interface Needs {
  readonly topic?: string;
  readonly group?: string;
  readonly transactionalId?: string;
  readonly cluster?: string;
}

/** What a consumer needs rights for. */
export const reading = (topics: readonly string[], group: string): Needs => ({
  topic: `READ topic ${topics.join(', ')}`,
  group: `READ group ${group}`,
});

/** What a producer needs rights for. Who may write no topic at all is refused by the cluster. */
export const writing = (topics: readonly string[]): Needs => ({
  topic: `WRITE topic ${topics.join(', ')}`,
  cluster: `WRITE topic ${topics.join(', ')}`,
});

/** The same for writing to partitions. */
export const writingTo = (partitions: readonly { readonly topic: string }[]): Needs =>
  writing([...new Set(partitions.map(({ topic }) => topic))]);

const FENCED = new Set([
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
]);
/** A refused login; `SaslHandshake` and `SaslAuthenticate` answer with these. */
const LOGIN = /^SASL_AUTHENTICATION_FAILED$|^UNSUPPORTED_SASL_MECHANISM$|^ILLEGAL_SASL_STATE$/;
/** What a refusal is of, by the broker's word. */
const REFUSALS: Readonly<Record<string, readonly [keyof Needs, otherwise: string]>> = {
  TOPIC_AUTHORIZATION_FAILED: ['topic', 'for a topic'],
  GROUP_AUTHORIZATION_FAILED: ['group', 'for a consumer group'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: ['transactionalId', 'for a transactional id'],
  CLUSTER_AUTHORIZATION_FAILED: ['cluster', 'for the cluster'],
};
/** Codes of Node's sockets if the trust, not the network, is at fault. `TLS_FILE`: sockets.io.ts. */
const TLS =
  /^(TLS_FILE|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO)/;
/** Errors within errors that are looked at. */
const DEPTH = 10;

const isLibraryError = (error: unknown): error is LibraryError =>
  error instanceof Error && error.name.startsWith('KafkaJS');

/** The error itself and what it came of, the outermost first. */
function causesOf(error: LibraryError): (LibraryError | BankChurnError)[] {
  const causes: (LibraryError | BankChurnError)[] = [error];
  let next: unknown = error.cause ?? error.errors?.[0];
  while ((isLibraryError(next) || next instanceof BankChurnError) && causes.length < DEPTH) {
    causes.push(next);
    next = next.cause ?? (next as LibraryError).errors?.[0];
  }
  return causes;
}

const isLogin = ({ name, type }: LibraryError): boolean =>
  name === 'KafkaJSSASLAuthenticationError' || (type !== undefined && LOGIN.test(type));

/** Repetitions that were used up and the like say nothing of the kind: what they came of does. */
function kindOf(causes: readonly LibraryError[]): KafkaErrorKind {
  const isOf = (is: (type: string) => boolean): boolean =>
    causes.some(({ type }) => type !== undefined && is(type));
  if (isOf((type) => FENCED.has(type))) return 'fenced';
  if (causes.some(isLogin) || isOf((type) => type in REFUSALS)) return 'unauthorized';
  if (causes.some(isTls)) return 'tls';
  if (isOf((type) => type === 'UNKNOWN_TOPIC_OR_PARTITION')) return 'missing';
  return causes[causes.length - 1]!.retriable === false ? 'fatal' : 'transient';
}

const isTls = ({ code }: LibraryError): boolean => typeof code === 'string' && TLS.test(code);

/** Names the right and the resource, or the file and the certificate: what an operator can do something about. */
function messageOf(error: LibraryError, causes: readonly LibraryError[], needs: Needs): string {
  const refusal = causes.find(({ type }) => type !== undefined && type in REFUSALS);
  if (refusal !== undefined) {
    const [resource, otherwise] = REFUSALS[refusal.type!]!;
    const { topic } = refusal;
    const needed =
      topic === undefined ? needs[resource] : needs[resource]?.replace(/topic .*/, `topic ${topic}`);
    return `no right ${needed === undefined ? otherwise : `to ${needed}`} (${refusal.type!})`;
  }
  const untrusted = causes.find(isTls);
  if (untrusted !== undefined)
    return `no TLS connection to Kafka: ${bare(untrusted.message)} (see kafka.caFile, kafka.certFile, kafka.keyFile)`;
  const missing = causes.find(({ type }) => type === 'UNKNOWN_TOPIC_OR_PARTITION');
  if (missing !== undefined && needs.topic !== undefined)
    return `cannot ${needs.topic}: there is no such topic or partition (${missing.type!})`;
  if (error.errors === undefined) return error.message;
  const each = error.errors.filter(isLibraryError);
  return `${error.message}: ${each.map(({ topic, message }) => `${topic === undefined ? '' : `${topic}: `}${message}`).join('; ')}`;
}

const bare = (message: string): string => message.replace(/^Connection error: /, '');

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** Whether the broker refuses a batch for its size. */
export const isTooLarge = (error: unknown): boolean =>
  isLibraryError(error) && causesOf(error).some((cause) => 'type' in cause && TOO_LARGE.has(cause.type));

/**
 * An error of the library as a KafkaError, with itself as the cause; any other error as it is, also one that the library has
 * wrapped.
 *
 * @param needs what the call needs rights for.
 */
export function translateError(error: unknown, needs: Needs = {}): unknown {
  if (!isLibraryError(error)) return error;
  const causes = causesOf(error);
  const ours = causes.find((cause) => cause instanceof BankChurnError);
  if (ours !== undefined) return ours;
  const theirs = causes as LibraryError[];
  return new KafkaError(kindOf(theirs), oneReset(messageOf(error, theirs, needs)), { cause: error });
}

/** For `promise.catch`. */
export function throwTranslated(error: unknown): never {
  throw translateError(error);
}

/** The same for a call that needs rights. */
export const throwNeeding =
  (needs: Needs) =>
  (error: unknown): never => {
    throw translateError(error, needs);
  };

/** Runs something of the library; its errors are translated. */
export async function translated<T>(work: () => Promise<T>, needs?: Needs): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateError(error, needs);
  }
}
