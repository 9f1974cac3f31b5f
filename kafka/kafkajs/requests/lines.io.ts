/**
 * Connections of our own to brokers, made by the library: it has one and another for fetches, and makes a broken one anew without a
 * word. Here each purpose has its own, so that a join that waits in the broker, or a fetch, holds up nothing else; and whoever must
 * know that a connection broke learns it.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { KafkaError } from '../../errors.ts';
import type { Address } from './cluster-requests.ts';
import { answerOf, frameOf, type Throttled, type WireRequest } from './request.ts';

const require = createRequire(import.meta.url);
const errors = require('kafkajs/src/errors') as Record<
  'KafkaJSConnectionError' | 'KafkaJSNonRetriableError',
  new (message: string, options?: object) => Error
>;

/** What of the library's connection is used here. */
interface Connection {
  connectionStatus: string;
  readonly clientId: string;
  readonly socket?: Socket;
  readonly requestQueue: {
    push(request: {
      readonly entry: object;
      readonly expectResponse: boolean;
      readonly requestTimeout: number;
      sendRequest(): void;
    }): void;
    maybeThrottle(ms: number): void;
    destroy(): void;
  };
  isConnected(): boolean;
  isAuthenticated(): boolean;
  nextCorrelationId(): number;
  rejectRequests(error: Error): void;
}
interface ConnectionPool extends Address {
  readonly pool: readonly Connection[];
  readonly sasl: unknown;
  destroy(): Promise<void>;
}
interface Broker {
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;
  connect(): Promise<void>;
}
/** What of the library's cluster is used here. */
export interface LibraryCluster {
  readonly connectionPoolBuilder: {
    /** @param to without: the next of the brokers that the client was given. */
    build(to?: Address): Promise<ConnectionPool>;
  };
  readonly brokerPool: {
    readonly rootLogger: object;
    createBroker(of: { readonly logger: object; readonly connectionPool: ConnectionPool }): Broker;
  };
}

/** A connection to one broker, from the moment that its login was taken. */
export interface Line {
  readonly address: Address;
  /** Rejects with the library's error where the connection is broken, or breaks, or no answer comes in time; this ends it. */
  ask<T>(request: WireRequest<T>): Promise<T>;
  /** Whether the broker knows a request. */
  knows(apiKey: number): boolean;
  /** False for good once it has broken, or its login is about to expire. */
  isWhole(): boolean;
  close(): void;
}

/** Beyond what the broker itself may wait: the way there and back, milliseconds. */
const ON_THE_WAY_MS = 5000;

/**
 * Connects and logs in. Rejects with the library's error.
 *
 * @param to without: the next of the brokers that the client was given.
 */
export async function openLine(
  { connectionPoolBuilder, brokerPool }: LibraryCluster,
  to?: Address,
): Promise<Line> {
  const connectionPool = await connectionPoolBuilder.build(to);
  const broker = brokerPool.createBroker({ logger: brokerPool.rootLogger, connectionPool });
  const connection = connectionPool.pool[0]!;
  try {
    await broker.connect();
  } catch (error) {
    cut(connection, error as Error);
    throw error;
  }
  const { host, port, sasl } = connectionPool;
  const { socket } = connection;
  const isConnected = (): boolean =>
    connection.isConnected() && connection.socket === socket && socket?.destroyed === false;
  return {
    address: { host, port },
    knows: (apiKey) => broker.versions[apiKey] !== undefined,
    isWhole: () => isConnected() && (sasl === undefined || connection.isAuthenticated()),
    ask: (request) => {
      if (!isConnected()) return Promise.reject(notConnected({ host, port }));
      const refusal = refusalOf(broker, request);
      return refusal === undefined ? exchange(connection, request) : Promise.reject(refusal);
    },
    close: () => cut(connection, notConnected({ host, port })),
  };
}

const nameOf = ({ host, port }: Address): string => `${host}:${String(port)}`;

const notConnected = (address: Address): Error =>
  new errors.KafkaJSConnectionError('Not connected', { broker: nameOf(address) });

function refusalOf(
  { versions }: Broker,
  { apiKey, apiName, apiVersion }: WireRequest<unknown>,
): Error | undefined {
  const { minVersion = -1, maxVersion = -1 } = versions[apiKey] ?? {};
  if (minVersion <= apiVersion && apiVersion <= maxVersion) return undefined;
  const has = `its ${apiName} has versions ${String(minVersion)} to ${String(maxVersion)}, and ${String(apiVersion)} is needed`;
  return new KafkaError('fatal', `this Kafka is not supported, 2.5 or later is: ${has}`);
}

/** The library's own `send` copies a request three times. */
async function exchange<T>(connection: Connection, request: WireRequest<T>): Promise<T> {
  const { apiKey, apiName, apiVersion, waitMs } = request;
  const correlationId = connection.nextCorrelationId();
  const frame = frameOf(request, correlationId, connection.clientId);
  const sent = new Promise<Buffer>((resolve, reject) => {
    connection.requestQueue.push({
      entry: {
        apiKey,
        apiName,
        apiVersion,
        correlationId,
        resolve: ({ payload }: { payload: Buffer }) => resolve(payload),
        reject,
      },
      expectResponse: true,
      requestTimeout: waitMs + ON_THE_WAY_MS,
      sendRequest: () => connection.socket?.write(frame),
    });
  });
  const payload = await sent.catch((error: unknown) => {
    // A broker answers in order: what comes after a request without an answer would wait behind it.
    if ((error as Error).name === 'KafkaJSRequestTimeoutError') cut(connection, error as Error);
    throw error;
  });
  const { throttleMs, answer } = decoded(request, payload);
  connection.requestQueue.maybeThrottle(throttleMs);
  return answer;
}

function decoded<T>(request: WireRequest<T>, payload: Buffer): Throttled<T> {
  try {
    return answerOf(request, payload);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new errors.KafkaJSNonRetriableError(`${request.apiName}: ${error.message}`, { cause: error });
  }
}

/** At once: the library's own `disconnect` waits for what is in flight, and counts as connected until it is through. */
function cut(connection: Connection, error: Error): void {
  connection.socket
    ?.removeAllListeners()
    .on('error', () => undefined)
    .destroy();
  connection.connectionStatus = 'disconnected';
  connection.requestQueue.destroy();
  connection.rejectRequests(error);
}

/** Connections for one purpose, by address. */
export interface Lines {
  /** The connection to a broker; opened where there is none that is whole. */
  to(address: Address): Promise<Line>;
  /** Those that are open and whole. */
  open(): readonly Line[];
  /** Takes one more. */
  add(line: Line): void;
  /** Whether each that was ever opened is whole. */
  areWhole(): boolean;
  close(): void;
}

export function createLines(cluster: LibraryCluster): Lines {
  const lines = new Map<string, Line>();
  const opening = new Map<string, Promise<Line>>();
  let isClosed = false;
  let isWhole = true;

  function add(line: Line): void {
    if (isClosed) line.close();
    lines.get(nameOf(line.address))?.close();
    lines.set(nameOf(line.address), line);
  }
  async function open(address: Address): Promise<Line> {
    const line = await openLine(cluster, address);
    add(line);
    return line;
  }
  /** One that is not is not to be used again. */
  const areWhole = (): boolean => (isWhole &&= [...lines.values()].every((line) => line.isWhole()));

  return {
    to: (address) => {
      const name = nameOf(address);
      const found = lines.get(name);
      if (isClosed) return Promise.reject(notConnected(address));
      if (found?.isWhole() === true) return Promise.resolve(found);
      areWhole(); // notes it before another takes its place
      const opened = opening.get(name) ?? open(address).finally(() => opening.delete(name));
      opening.set(name, opened);
      return opened;
    },
    open: () => [...lines.values()].filter((line) => line.isWhole()),
    add,
    areWhole,
    close: () => {
      isClosed = true;
      for (const line of lines.values()) line.close();
    },
  };
}
