/** A TCP proxy on loopback for network faults: resets, black holes, refusals, slow lines, half-open connections. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createHeldCommits, type Piece } from './held-commits.ts';

/** `open`: as it should be. `slow`: each piece waits. `hole`: nothing passes, nothing is told. `half`: answers do not pass. `refuse`: connections end at once. */
export type ProxyMode = 'open' | 'slow' | 'hole' | 'half' | 'refuse';

export interface Proxy {
  readonly port: number;
  setMode(mode: ProxyMode): void;
  /** Passes new connections on to another port; undefined: to where it should. */
  setTarget(port: number | undefined): void;
  /** Ends connections with a reset, at most so many. Returns how many. */
  reset(atMost?: number): number;
  /** From now on commits of Kafka's transactions wait here. */
  holdCommits(): void;
  /** Those of a client that is gone go on after so long, all others at once. Resolves with how many came so late. */
  releaseCommits(lateMs: number): Promise<number>;
  close(): Promise<void>;
}

const SLOW_MS = 150;

/** Listens on a port of its own (or a given one) and passes on to `target`, which may come and go. */
export async function startProxy(target: () => number, port = 0): Promise<Proxy> {
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  let mode: ProxyMode = 'open';
  let elsewhere: number | undefined;
  const commits = createHeldCommits();
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
      if (!commits.needs(server)) server.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end);
    pass(client, server, () => mode === 'hole', commits.takes);
    pass(server, client, () => mode === 'hole' || mode === 'half');
  });

  function pass(
    from: Socket,
    to: Socket,
    isBlocked: () => boolean,
    isHeld: (piece: Piece) => boolean = () => false,
  ): void {
    from.on('data', (bytes) => {
      from.pause();
      const onward = (): void => {
        if (from.destroyed || to.destroyed) return;
        if (isBlocked()) {
          setTimeout(onward, 50);
          return;
        }
        if (to.write(bytes)) from.resume();
        else to.once('drain', () => from.resume());
      };
      if (isHeld({ client: from, server: to, bytes, onward })) return;
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
    holdCommits: commits.hold,
    releaseCommits: commits.release,
    close: async () => {
      for (const [client, server] of pairs) {
        client.destroy();
        server.destroy();
      }
      listener.close();
      await once(listener, 'close');
    },
  };
}
