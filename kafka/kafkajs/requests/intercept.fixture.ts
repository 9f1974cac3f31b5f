/** Requests that do not reach the broker: what becomes of a client then. */
import { createRequire } from 'node:module';

interface Pushed {
  readonly entry: {
    readonly apiKey: number;
    resolve(answer: { readonly payload: Buffer }): void;
    reject(error: Error): void;
  };
}
const { prototype: queue } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
  prototype: { push(request: Pushed): void };
};

export const API = {
  initProducerId: 22,
  addPartitions: 24,
  addOffsets: 25,
  endTransaction: 26,
  joinGroup: 11,
} as const;

type Answer = Buffer | Error | undefined;

/**
 * While `work` runs, requests of this kind are answered here.
 *
 * @param answer what follows the correlation id; an error: the request fails; undefined: it goes to the broker, later where it is a promise.
 */
export async function answering<T>(
  apiKey: number,
  answer: () => Answer | Promise<Answer>,
  work: () => Promise<T>,
): Promise<T> {
  const { push } = queue;
  queue.push = function (this: typeof queue, request) {
    const give = (given: Answer): void => {
      if (given === undefined) push.call(this, request);
      else if (given instanceof Error) request.entry.reject(given);
      else request.entry.resolve({ payload: given });
    };
    const given = request.entry.apiKey === apiKey ? answer() : undefined;
    if (given instanceof Promise) void given.then(give);
    else give(given);
  };
  try {
    return await work();
  } finally {
    queue.push = push;
  }
}

/** Of a request whose answer is an error code: no throttling, no error. */
export const DONE = Buffer.alloc(6);
