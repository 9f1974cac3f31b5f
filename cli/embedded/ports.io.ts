import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections (32768 and up on Linux), so that none is lost between check and use. */
const LOWEST = 20_000;
const HIGHEST = 32_767;

/**
 * The wanted port where it is free on 127.0.0.1, or any free one.
 *
 * @param wanted undefined = any free one from 20000 to 32767.
 * @param what what it is for, for the error.
 * @param taken ports not to give again; the chosen one is added.
 * @throws Error where the wanted one is in use.
 */
export async function choosePort(
  wanted: number | undefined,
  what: string,
  taken: Set<number>,
): Promise<number> {
  if (wanted !== undefined) {
    if (taken.has(wanted) || !(await isFree(wanted))) {
      throw new Error(
        `port ${String(wanted)} for ${what} is in use: choose another one, or end what listens there`,
      );
    }
    taken.add(wanted);
    return wanted;
  }
  for (let tries = 0; tries < 200; tries++) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(`no free port between ${String(LOWEST)} and ${String(HIGHEST)}`);
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
