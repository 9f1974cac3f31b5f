/** kafkajs's errors as the port's: by their names, and by the broker's error types. */
import { KafkaError, type KafkaErrorKind } from '../errors.ts';

/** What of an error of the library is used here. */
interface LibraryError extends Error {
  readonly retriable?: boolean;
  /** The broker's word, of a protocol error. */
  readonly type?: string;
  /** Of a KafkaJSAggregateError. */
  readonly errors?: readonly unknown[];
}

const FENCED = new Set([
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
]);
const UNAUTHORIZED =
  /_AUTHORIZATION_FAILED$|^SASL_AUTHENTICATION_FAILED$|^UNSUPPORTED_SASL_MECHANISM$|^ILLEGAL_SASL_STATE$/;
/** Errors within errors that are looked at. */
const DEPTH = 10;

const isLibraryError = (error: unknown): error is LibraryError =>
  error instanceof Error && error.name.startsWith('KafkaJS');

/** The error itself and what it came of, the outermost first. */
function causesOf(error: LibraryError): LibraryError[] {
  const causes = [error];
  let next: unknown = error.cause ?? error.errors?.[0];
  while (isLibraryError(next) && causes.length < DEPTH) {
    causes.push(next);
    next = next.cause ?? next.errors?.[0];
  }
  return causes;
}

/** Repetitions that were used up and the like say nothing of the kind: what they came of does. */
function kindOf(error: LibraryError): KafkaErrorKind {
  const causes = causesOf(error);
  if (causes.some(({ type }) => type !== undefined && FENCED.has(type))) return 'fenced';
  const isUnauthorized = ({ name, type }: LibraryError): boolean =>
    name === 'KafkaJSSASLAuthenticationError' || (type !== undefined && UNAUTHORIZED.test(type));
  if (causes.some(isUnauthorized)) return 'unauthorized';
  return causes[causes.length - 1]!.retriable === false ? 'fatal' : 'transient';
}

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** Whether the broker refuses a batch for its size. */
export const isTooLarge = (error: unknown): boolean =>
  isLibraryError(error) && causesOf(error).some(({ type }) => type !== undefined && TOO_LARGE.has(type));

/** An error of the library as a KafkaError, with its message and itself as the cause; any other error as it is. */
export const translateError = (error: unknown): unknown =>
  isLibraryError(error) ? new KafkaError(kindOf(error), error.message, { cause: error }) : error;

/** For `promise.catch`. */
export function throwTranslated(error: unknown): never {
  throw translateError(error);
}

/** Runs something of the library; its errors are translated. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateError(error);
  }
}

/** The same for what returns at once. */
export function translatedSync<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translateError(error);
  }
}
