/** Commits that the network holds back; those whose sender has died meanwhile arrive late. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const END_TXN = 26;

/** Whether a piece is Kafka's request `EndTxn` that commits. Clients send it by itself: they have one request in flight. */
export const isCommit = (piece: Buffer): boolean =>
  piece.length > 6 &&
  piece.readInt32BE(0) === piece.length - 4 &&
  piece.readInt16BE(4) === END_TXN &&
  piece[piece.length - 1] === 1;

/** A piece on its way; `onward` passes it on as usual. */
export interface Piece {
  readonly client: Socket;
  readonly server: Socket;
  readonly bytes: Buffer;
  readonly onward: () => void;
}

export interface HeldCommits {
  /** From now on commits wait. */
  hold(): void;
  /** Whether a piece waits here. */
  takes(piece: Piece): boolean;
  /** Whether a connection to the broker is still needed, though its client is gone. */
  needs(server: Socket): boolean;
  /** Those of a client that is gone go on after so long, all others at once. Resolves with how many came so late. */
  release(lateMs: number): Promise<number>;
}

export function createHeldCommits(): HeldCommits {
  let isHolding = false;
  let held: Piece[] = [];
  return {
    hold: () => {
      isHolding = true;
    },
    takes: (piece) => {
      if (!isHolding || !isCommit(piece.bytes)) return false;
      held.push(piece);
      piece.client.resume(); // else its end is not seen
      return true;
    },
    needs: (server) => held.some((piece) => piece.server === server),
    release: async (lateMs) => {
      isHolding = false;
      for (const { client, onward } of held) if (!client.destroyed) onward();
      held = held.filter(({ client }) => client.destroyed);
      if (held.length > 0) await sleep(lateMs);
      const late = held.filter(({ server }) => server.writable);
      held = [];
      for (const { server, bytes } of late) deliver(server, bytes);
      return late.length;
    },
  };
}

/** Nobody waits for the answer: the connection ends with it. */
function deliver(server: Socket, bytes: Buffer): void {
  server.removeAllListeners('data').once('data', () => server.destroy());
  server.resume();
  server.write(bytes);
}
