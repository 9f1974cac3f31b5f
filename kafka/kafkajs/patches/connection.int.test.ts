import { createRequire } from 'node:module';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { expect, inject, onTestFinished, test } from 'vitest';
import './install.io.ts';

const require = createRequire(import.meta.url);

interface Connection {
  isConnected(): boolean;
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

interface Way {
  readonly port: number;
  /** How many connections it has had. */
  count(): number;
}

/** A way to the broker; `answer` passes an answer on, or does not. */
async function wayToBroker(answer: (client: Socket, bytes: Buffer, nth: number) => void): Promise<Way> {
  const [host, port] = inject('kafka').brokers.split(':');
  const sockets: Socket[] = [];
  let nth = 0;
  const server = createServer((client) => {
    const broker = connect(Number(port), host);
    sockets.push(client, broker);
    client.on('error', () => broker.destroy());
    broker.on('error', () => client.destroy());
    client.pipe(broker);
    broker.on('data', (bytes) => answer(client, bytes, nth++));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, count: () => sockets.length / 2 };
}

function connectionOver(way: Way, more: object = {}): Connection {
  const connection = new ConnectionClass({
    host: '127.0.0.1',
    port: way.port,
    logger: createLogger({ level: LEVELS.NOTHING, logCreator: () => () => undefined }),
    socketFactory: createSocket(),
    connectionTimeout: 2000,
    requestTimeout: 2000,
    enforceRequestTimeout: true,
    ...more,
  });
  onTestFinished(() => connection.disconnect().then(() => undefined));
  return connection;
}

const ask = protocol({ version: 2 });

test.for([2, 9, 60])(
  'a connection that broke %i bytes into an answer starts clean: the next answer is the next answer',
  { timeout: 20_000 },
  async (passes) => {
    const connection = connectionOver(
      await wayToBroker((client, bytes, nth) => {
        if (nth > 0) client.write(bytes);
        else client.write(bytes.subarray(0, passes), () => setTimeout(() => client.resetAndDestroy(), 50));
      }),
    );
    await connection.connect();
    await expect(connection.send(ask())).rejects.toThrow('ECONNRESET');
    await connection.connect();
    const { errorCode, apiVersions } = await connection.send(ask());
    expect([errorCode, apiVersions.length > 20]).toEqual([0, true]);
  },
);

test('requests that find it unconnected share one socket', async () => {
  const way = await wayToBroker((client, bytes) => client.write(bytes));
  const connection = connectionOver(way);
  await Promise.all([connection.connect(), connection.connect(), connection.connect()]);
  expect((await connection.send(ask())).errorCode).toBe(0);
  expect(way.count()).toBe(1);
});

test('a socket given up that connects after all is not taken for the one in use', async () => {
  const sockets: Socket[] = [];
  const way = await wayToBroker((client, bytes) => client.write(bytes));
  const connection = connectionOver(way, {
    connectionTimeout: 200,
    socketFactory: ({ onConnect }: { onConnect: () => void }) => {
      const socket = sockets.length === 0 ? new Socket() : connect(way.port, '127.0.0.1');
      socket.once('connect', onConnect);
      sockets.push(socket);
      return socket;
    },
  });
  await expect(connection.connect()).rejects.toThrow('Connection timeout');
  const second = connection.connect();
  sockets[0]!.emit('connect');
  expect(connection.isConnected()).toBe(false);
  await second;
  expect((await connection.send(ask())).errorCode).toBe(0);
});

test('a request without an answer ends its connection: those after it have one of their own', async () => {
  const way = await wayToBroker((client, bytes) => {
    if (way.count() > 1) client.write(bytes); // the first one's answers are all held back, as behind a request that waits
  });
  const connection = connectionOver(way, { requestTimeout: 300 });
  await connection.connect();
  const [first, second] = await Promise.allSettled([connection.send(ask()), connection.send(ask())]);
  expect([first.status, second.status, connection.isConnected()]).toEqual(['rejected', 'rejected', false]);
  await connection.connect();
  expect((await connection.send(ask())).errorCode).toBe(0);
});
