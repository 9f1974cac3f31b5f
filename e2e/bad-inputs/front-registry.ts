/** A schema registry in front of the real one, which misbehaves for some ids only. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BANK_AVRO } from '../../schemas/customer/bank.fixture.ts';

export interface FrontRegistry {
  readonly url: string;
  /** A new schema id with an answer of its own. */
  answering(listener: RequestListener): number;
  /** From now on each such id has our own schema of events. */
  mend(): void;
  close(): void;
}

const FIRST_ID = 2_000_000_000;
const OURS = JSON.stringify({ schema: JSON.stringify(BANK_AVRO) });

/** @param real its base address. */
export async function startFrontRegistry(real: string): Promise<FrontRegistry> {
  const { host, pathname } = new URL(real);
  const answers = new Map<number, RequestListener>();
  const server = createServer((asked, response) => {
    const id = Number(/\/schemas\/ids\/(\d+)/.exec(asked.url ?? '')?.[1]);
    const answer = answers.get(id);
    if (answer !== undefined) answer(asked, response);
    else {
      const { method, headers } = asked;
      const onward = request(`http://${host}${asked.url!}`, { method, headers: { ...headers, host } });
      onward.on('error', () => response.destroy());
      onward.on('response', (found: IncomingMessage) => {
        response.writeHead(found.statusCode ?? 500, found.headers);
        found.pipe(response);
      });
      asked.pipe(onward);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}${pathname}`,
    answering: (listener) => {
      const id = FIRST_ID + answers.size;
      answers.set(id, listener);
      return id;
    },
    mend: () => {
      for (const id of answers.keys()) answers.set(id, (_, response) => void response.end(OURS));
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
