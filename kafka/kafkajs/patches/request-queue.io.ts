/** The library's queue of requests to a connection (`network/requestQueue/index.js`). */

interface RequestQueue {
  readonly pending: readonly unknown[];
  /** Milliseconds since 1970; the past: not throttled. */
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  readonly enforceRequestTimeout: boolean;
  /** Milliseconds. */
  readonly requestTimeout: number;
  requestTimeoutIntervalId?: NodeJS.Timeout;
  readonly inflight: ReadonlyMap<
    number,
    { readonly sentAt: number; readonly requestTimeout: number; timeoutRequest(): void }
  >;
  isConnected(): boolean;
  destroy(): void;
  scheduleRequestTimeoutCheck(): void;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}
type RequestQueueClass = new (...options: never[]) => RequestQueue;

/** Between looks at requests that wait for others in flight, milliseconds: an answer sends them sooner. */
const CHECK_MS = 10;

/** A request without an answer is found out this much late, as a part of the time it has, and so many milliseconds at most. */
const LATE = { part: 0.1, mostMs: 1000 };

/**
 * The library sets a timer after every answer, of which each sets the next: a thousand a second for each connection, for ever, with
 * waits below zero of which Node 24 warns (kafkajs#1751). Here there is one while requests wait. And it looks ten times a second for
 * requests whose time is over, which have ten seconds.
 */
export function restingQueue(Base: RequestQueueClass): RequestQueueClass {
  return class extends Base {
    override scheduleCheckPendingRequests(): void {
      if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
      this.throttleCheckTimeoutId = setTimeout(
        () => {
          this.throttleCheckTimeoutId = null;
          this.checkPendingRequests();
        },
        Math.max(this.throttledUntil - Date.now(), CHECK_MS),
      );
    }

    override scheduleRequestTimeoutCheck(): void {
      if (!this.enforceRequestTimeout) return;
      this.destroy();
      const everyMs = Math.min(this.requestTimeout * LATE.part, LATE.mostMs);
      this.requestTimeoutIntervalId = setInterval(() => {
        for (const request of [...this.inflight.values()])
          if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest();
        if (!this.isConnected()) this.destroy();
      }, everyMs);
    }
  };
}
