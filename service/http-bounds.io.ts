/** An HTTP server that a client cannot make hold much memory, many connections or the process: whatever it sends or does not read. */
import http from 'node:http';
import type { Socket } from 'node:net';

/** Open at once. A further one takes the place of the one that has been silent for longest, so idle ones keep nobody out. */
const MAX_CONNECTIONS = 100;
/** Requests of one connection that are not answered yet. Only pipelining has more than one; more than these end it. */
const MAX_IN_HAND = 4;
/** From a request to the last byte of its answer in the hands of the system: a client that does not read is cut off. */
const ANSWER_MS = 10_000;
/** A connection without a request, without bytes, and a request that is still coming. */
const TIMES = {
  keepAliveTimeout: 20_000,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
};
const SILENT_MS = 30_000;

/** Open connections and the requests in hand of each; the one that has been silent for longest is first. */
type Connections = Map<Socket, number>;

/** A server with these bounds, not listening yet. */
export function createBoundedServer(handler: http.RequestListener): http.Server {
  const connections: Connections = new Map();
  const server = http.createServer({ maxHeaderSize: 8192, ...TIMES }, (request, response) => {
    const { socket } = request;
    const inHand = connections.get(socket);
    // What was pipelined behind the request that ended the connection.
    if (inHand === undefined || socket.destroyed) return;
    if (inHand === MAX_IN_HAND) {
      socket.destroy();
      return;
    }
    moveToEnd(connections, socket, inHand + 1);
    const late = setTimeout(() => socket.destroy(), ANSWER_MS).unref();
    response.once('close', () => {
      clearTimeout(late);
      const left = connections.get(socket);
      if (left !== undefined) moveToEnd(connections, socket, left - 1);
    });
    handler(request, response);
  });
  server.setTimeout(SILENT_MS);
  server.on('connection', (socket) => {
    if (connections.size >= MAX_CONNECTIONS) makeRoom(connections);
    if (connections.size >= MAX_CONNECTIONS) {
      socket.destroy();
      return;
    }
    connections.set(socket, 0);
    socket.once('close', () => connections.delete(socket));
  });
  return server;
}

function moveToEnd(connections: Connections, socket: Socket, inHand: number): void {
  connections.delete(socket);
  connections.set(socket, inHand);
}

/** Ends the connection that has been silent for longest, unless each is being answered. */
function makeRoom(connections: Connections): void {
  for (const [socket, inHand] of connections) {
    if (inHand > 0) continue;
    connections.delete(socket);
    socket.destroy();
    return;
  }
}
