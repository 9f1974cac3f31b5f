/** A TCP proxy on loopback for network faults: resets, black holes, refusals, slow lines, half-open connections. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** `open`: as it should be. `slow`: each piece waits. `hole`: nothing passes, nothing is told. `half`: answers do not pass. `refuse`: connections end at once. */
export type ProxyMode = 'open' | 'slow' | 'hole' | 'half' | 'refuse';

export interface Proxy {
  readonly port: number;
  setMode(mode: ProxyMode): void;
  /** Passes new connections on to another port; undefined: to where it should. */
  setTarget(port: number | undefined): void;
  /** Ends connections with a reset, at most so many. Returns how many. */
  reset(atMost?: number): number;
  close(): Promise<void>;
}

const SLOW_MS = 150;

/** Listens on a port of its own (or a given one) and passes on to `target`, which may come and go. */
export async function startProxy(target: () => number, port = 0): Promise<Proxy> {
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  let mode: ProxyMode = 'open';
  let elsewhere: number | undefined;
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
      server.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end);
    pass(client, server, () => mode === 'hole');
    pass(server, client, () => mode === 'hole' || mode === 'half');
  });

  function pass(from: Socket, to: Socket, isBlocked: () => boolean): void {
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
