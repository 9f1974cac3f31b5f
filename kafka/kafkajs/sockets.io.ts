/** Sockets to brokers. Certificates are read at each connection, so that new ones are used without a restart. */
import { connect, isIP, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import { messageOf } from '../../schemas/errors.ts';
import { readNamedFile } from '../../schemas/secret-file.io.ts';
import type { ConnectionSettings } from '../port.ts';

const KEEP_ALIVE_MS = 60_000;

/** The library's socket factory. A file that cannot be read fails the connection, with the code TLS_FILE. */
export function createSockets(ssl: ConnectionSettings['ssl']): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const socket = ssl === false ? connect({ host, port }, onConnect) : openTls(ssl, host, port, onConnect);
    // A small request does not wait until the one before it was acknowledged.
    return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
  };
}

function openTls(
  { caFile, certFile, keyFile }: Exclude<ConnectionSettings['ssl'], false>,
  host: string,
  port: number,
  onConnect: () => void,
): Socket {
  const file = (path: string | undefined, key: string): Buffer | undefined =>
    path === undefined ? undefined : readNamedFile(path, `kafka.${key}`);
  try {
    const identity = {
      ca: file(caFile, 'caFile'),
      cert: file(certFile, 'certFile'),
      key: file(keyFile, 'keyFile'),
    };
    const name = isIP(host) === 0 ? { servername: host } : {};
    return connectTls({ host, port, ...name, ...identity }, onConnect);
  } catch (error) {
    const socket = new Socket();
    // Once the library listens.
    process.nextTick(() => socket.destroy(Object.assign(new Error(messageOf(error)), { code: 'TLS_FILE' })));
    return socket;
  }
}
