import { createRequire } from 'node:module';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, inject, onTestFinished, test } from 'vitest';
import './kafka.io.ts';

const require = createRequire(import.meta.url);

interface Connection {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  send(protocol: object): Promise<{ errorCode: number; apiVersions: unknown[] }>;
}
const ConnectionClass = require('kafkajs/src/network/connection') as new (options: object) => Connection;
const createSocket = require('kafkajs/src/network/socketFactory') as () => unknown;
const { createLogger, LEVELS } = require('kafkajs/src/loggers') as {
  createLogger: (options: object) => object;
  LEVELS: { NOTHING: number };
};
const { protocol } = require('kafkajs/src/protocol/requests/apiVersions') as {
  protocol: (of: { version: number }) => () => object;
};

/** A way to the broker that breaks once, in the middle of the first answer. */
async function breakingWay(passes: number): Promise<number> {
  const [host, port] = inject('kafka').brokers.split(':');
  let isBroken = false;
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const broker = connect(Number(port), host);
    sockets.push(client, broker);
    client.on('error', () => broker.destroy());
    broker.on('error', () => client.destroy());
    client.pipe(broker);
    broker.on('data', (bytes) => {
      if (isBroken) {
        client.write(bytes);
        return;
      }
      isBroken = true;
      client.write(bytes.subarray(0, passes), () => setTimeout(() => client.resetAndDestroy(), 50));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test.for([2, 9, 60])(
  'a connection that broke %i bytes into an answer starts clean: the next answer is the next answer',
  { timeout: 20_000 },
  async (passes) => {
    const connection = new ConnectionClass({
      host: '127.0.0.1',
      port: await breakingWay(passes),
      logger: createLogger({ level: LEVELS.NOTHING, logCreator: () => () => undefined }),
      socketFactory: createSocket(),
      connectionTimeout: 2000,
      requestTimeout: 2000,
    });
    onTestFinished(() => connection.disconnect().then(() => undefined));
    const ask = protocol({ version: 2 });
    await connection.connect();
    await expect(connection.send(ask())).rejects.toThrow('ECONNRESET');
    await connection.connect();
    const { errorCode, apiVersions } = await connection.send(ask());
    expect([errorCode, apiVersions.length > 20]).toEqual([0, true]);
  },
);
