/** A TCP proxy on loopback for network faults: resets, black holes, refusals, slow lines, half-open connections. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `open`: as it should be. `slow`: each piece waits. `hole`: nothing passes, nothing is told. `half`: answers do not pass. `refuse`: connections end at once. */
export type ProxyMode = 'open' | 'slow' | 'hole' | 'half' | 'refuse';

export interface Proxy {
  readonly port: number;
  setMode(mode: ProxyMode): void;
  /** Passes new connections on to another port; undefined: to where it should. */
  setTarget(port: number | undefined): void;
  /** Ends connections with a reset, at most so many. Returns how many. */
  reset(atMost?: number): number;
  /** From now on requests of Kafka that end a transaction wait here. */
  holdCommits(): void;
  /** Those of a client that is gone go on after so long, all others at once. Resolves with how many came so late. */
  releaseCommits(lateMs: number): Promise<number>;
  close(): Promise<void>;
}

const SLOW_MS = 150;

const END_TXN = 26;
/** Clients send it in a piece of its own: they have one request in flight. */
const isCommit = (piece: Buffer): boolean =>
  piece.length > 6 && piece.readInt32BE(0) === piece.length - 4 && piece.readInt16BE(4) === END_TXN;

interface Held {
  readonly client: Socket;
  readonly server: Socket;
  readonly piece: Buffer;
  readonly onward: () => void;
}

/** Listens on a port of its own (or a given one) and passes on to `target`, which may come and go. */
export async function startProxy(target: () => number, port = 0): Promise<Proxy> {
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  let mode: ProxyMode = 'open';
  let elsewhere: number | undefined;
  let isHolding = false;
  let held: Held[] = [];
  const listener = createServer((client) => {
    if (mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: elsewhere ?? target(), host: '127.0.0.1' });
    const pair = [client, server] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      if (!held.some((commit) => commit.server === server)) server.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end);
    pass(client, server, () => mode === 'hole', hold);
    pass(server, client, () => mode === 'hole' || mode === 'half');
  });

  function hold(commit: Held): boolean {
    if (!isHolding || !isCommit(commit.piece)) return false;
    held.push(commit);
    commit.client.resume(); // else its end is not seen
    return true;
  }

  function pass(
    from: Socket,
    to: Socket,
    isBlocked: () => boolean,
    isHeld: (commit: Held) => boolean = () => false,
  ): void {
    from.on('data', (piece) => {
      from.pause();
      const onward = (): void => {
        if (from.destroyed || to.destroyed) return;
        if (isBlocked()) {
          setTimeout(onward, 50);
          return;
        }
        if (to.write(piece)) from.resume();
        else to.once('drain', () => from.resume());
      };
      if (isHeld({ client: from, server: to, piece, onward })) return;
      if (mode === 'slow') setTimeout(onward, SLOW_MS);
      else onward();
    });
  }

  listener.listen(port, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    setMode: (next) => {
      mode = next;
      if (mode === 'refuse') for (const [client] of pairs) client.resetAndDestroy();
    },
    setTarget: (next) => {
      elsewhere = next;
    },
    reset: (atMost = Infinity) => {
      const chosen = [...pairs].slice(0, atMost);
      for (const [client, server] of chosen) {
        client.resetAndDestroy();
        server.destroy();
      }
      return chosen.length;
    },
    holdCommits: () => {
      isHolding = true;
    },
    releaseCommits: async (lateMs) => {
      isHolding = false;
      const orphans = held.filter(({ client }) => client.destroyed);
      for (const { client, onward } of held) if (!client.destroyed) onward();
      held = orphans;
      if (orphans.length > 0) await sleep(lateMs);
      held = [];
      for (const { server, piece } of orphans) {
        server
          .removeAllListeners('data')
          .once('data', () => server.destroy())
          .resume();
        server.write(piece);
      }
      return orphans.length;
    },
    close: async () => {
      for (const [client, server] of pairs) {
        client.destroy();
        server.destroy();
      }
      for (const { server } of held) server.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
