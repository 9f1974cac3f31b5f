/** The library's connection, with what it lacks when the network is at fault; see kafka/kafkajs/README.md. */
import type { Socket } from 'node:net';

/** What of the library's connection is used here. */
interface Connection {
  connectionStatus: string;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  readonly socket?: Socket;
  readonly requestQueue: { destroy(): void };
  isConnected(): boolean;
  connect(): Promise<unknown>;
  send(request: object): Promise<unknown>;
  rejectRequests(error: Error): void;
}
type ConnectionClass = new (options: object) => Connection;

const SIZE_BYTES = 4;
const isTimeout = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'KafkaJSRequestTimeoutError';

/**
 * The library goes on with a connection object over a new socket. Three faults of it:
 *
 * 1. Where the former broke in the middle of an answer, the half of it stays in the buffer and takes the following answers
 *    for its rest: every request times out, for good.
 * 2. Each request that finds it unconnected opens a socket of its own, and one given up stays: when that connects after
 *    all, the requests go to another that does not yet.
 * 3. After a request without an answer it sends the next one after it, over the same socket. A broker answers in order, so what
 *    comes after a request that waits there (for a rebalance) times out too, again and again. Kafka's own clients end such a
 *    connection (`NetworkClient.handleTimedOutRequests`), and so does this one.
 */
export function soundConnection(Base: ConnectionClass): ConnectionClass {
  return class extends Base {
    #connecting: Promise<unknown> | undefined;

    override connect(): Promise<unknown> {
      if (this.isConnected()) return super.connect();
      this.#connecting ??= this.#start().finally(() => (this.#connecting = undefined));
      return this.#connecting;
    }

    override async send(request: object): Promise<unknown> {
      const socket = this.socket;
      try {
        return await super.send(request);
      } catch (error) {
        if (isTimeout(error) && this.socket === socket && socket?.destroyed === false) this.#giveUp(error);
        throw error;
      }
    }

    #start(): Promise<unknown> {
      this.#drop();
      this.chunks = [];
      this.bytesBuffered = 0;
      this.bytesNeeded = SIZE_BYTES;
      return super.connect();
    }

    /** At once: the library's own `disconnect` counts as connected until it is through. */
    #giveUp(error: Error): void {
      this.#drop();
      this.connectionStatus = 'disconnected';
      this.requestQueue.destroy();
      this.rejectRequests(error);
    }

    #drop(): void {
      this.socket
        ?.removeAllListeners()
        .on('error', () => undefined)
        .destroy();
    }
  };
}
