/** What a client may do to the sidecar, against one in a process of its own: its memory and its standstill are measured there. */
import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

const MIB = 1024 * 1024;
let port: number;
let restBytes: number;
let seen = { peakBytes: 0, standstillMs: 0 };
let stop: () => void;

beforeAll(async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'service/sidecar.fixture.ts'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  stop = () => child.stdin.end();
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      const message = JSON.parse(line) as { port?: number; rssBytes?: number } & typeof seen;
      if (message.port === undefined) seen = message;
      else {
        ({ port } = message);
        restBytes = message.rssBytes!;
        resolve();
      }
    });
  });
}, 60_000);
afterAll(() => stop());

interface Client {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** All that came. */
  readonly text: () => string;
}

/** Opens a connection and sends; reads unless `silent`. */
function open(sent: string, silent = false): Client {
  const socket = connect(port, '127.0.0.1', () => socket.write(sent));
  onTestFinished(() => void socket.destroy());
  let text = '';
  if (silent) socket.pause();
  else socket.on('data', (data) => (text += data.toString('latin1')));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, closed, text: () => text };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
const answers = async (): Promise<void> => {
  const answer = await fetch(`http://127.0.0.1:${String(port)}/health/live`, {
    signal: AbortSignal.timeout(5000),
  });
  expect(answer.status).toBe(200);
};

test('pipelined requests end the connection: 1.1 MB of them take neither memory nor time', async () => {
  const request = get('/metrics');
  const floods = Array.from({ length: 5 }, () => open(request.repeat(Math.ceil(1_100_000 / request.length))));
  await Promise.all(floods.map(({ closed }) => closed));
  await answers();
  expect(Math.round((seen.peakBytes - restBytes) / MIB)).toBeLessThan(100);
  expect(seen.standstillMs).toBeLessThan(3000);
  for (const { text } of floods) expect(text().split('HTTP/1.1 200').length).toBeLessThanOrEqual(5);
});

test('a few pipelined requests are answered in order', async () => {
  const { socket, text } = open(get('/health/live') + get('/metrics') + get('/nothing'));
  await new Promise((resolve) => socket.once('close', resolve));
  expect([...text().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
    '200',
    '200',
    '404',
  ]);
});

test('300 idle connections: a third of them stay, and whoever comes is answered', async () => {
  const clients = Array.from({ length: 300 }, () => open(''));
  let openNow = clients.length;
  for (const { closed } of clients) void closed.then(() => openNow--);
  await expect.poll(() => openNow, { timeout: 4000 }).toBeLessThanOrEqual(100);
  await answers();
});

test(
  'headers and bodies that never end, and clients that do not read, are cut off',
  { timeout: 60_000 },
  async () => {
    const slow = Array.from({ length: 50 }, () => open('GET /metrics HTTP/1.1\r\nhost: x\r\n'));
    const drip = setInterval(() => slow.forEach(({ socket }) => socket.write('x: y\r\n')), 300);
    onTestFinished(() => clearInterval(drip));
    const body = open('POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n{');
    const deaf = Array.from({ length: 20 }, () => open('', true));
    for (const { socket } of deaf) {
      const ask = (): boolean => socket.writable && socket.write(get('/metrics'));
      const timer = setInterval(ask, 5);
      socket.once('close', () => clearInterval(timer));
      onTestFinished(() => clearInterval(timer));
    }
    const begun = Date.now();
    await Promise.all([...slow, body].map(({ closed }) => closed));
    expect(body.text()).toContain('HTTP/1.1 404');
    await answers();
    await expect
      .poll(() => deaf.filter(({ socket }) => !socket.destroyed && socket.writable).length, {
        timeout: 40_000,
      })
      .toBe(0);
    expect(Date.now() - begun).toBeLessThan(50_000);
    expect(Math.round((seen.peakBytes - restBytes) / MIB)).toBeLessThan(200);
  },
);

test('HEAD has no body, a long path no answer but its refusal', async () => {
  const head = open('HEAD /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await head.closed;
  expect(head.text()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
  const long = open(get(`/${'x'.repeat(20_000)}`));
  await long.closed;
  expect(long.text()).toMatch(/^HTTP\/1\.1 431 /);
});

test('who asks within a second gets the same text, whole', async () => {
  const texts = await Promise.all(
    Array.from({ length: 20 }, async () => (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text()),
  );
  expect(new Set(texts).size).toBeLessThanOrEqual(2);
  for (const text of texts) expect(text.match(/^churn_consumer_lag_records\{/gm)).toHaveLength(200);
  await sleep(2200);
  const later = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  expect(texts).not.toContain(later);
});
