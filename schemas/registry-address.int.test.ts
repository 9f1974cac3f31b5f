/** A registry that cannot be used says why, and what to set. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { SCHEMAS } from './generated.ts';
import { EVENT } from './customer/bank.fixture.ts';
import { createRegistry, type Registry } from './registry.io.ts';

function open(url: string, more: object = {}): Registry {
  const settings = { url, timeoutMs: 3000, negativeTtlMs: 1000, autoRegister: true, ...more };
  const registry = createRegistry(settings);
  onTestFinished(() => registry.close());
  return registry;
}

async function listen(http: https.Server | ReturnType<typeof createServer>): Promise<number> {
  http.listen(0, '127.0.0.1');
  await new Promise((resolve) => http.once('listening', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return (http.address() as AddressInfo).port;
}

const server = async (handler: RequestListener): Promise<string> =>
  `http://127.0.0.1:${String(await listen(createServer(handler)))}`;

/** The message of every way to ask, which are the same, and the state that is left behind. */
async function refusal(registry: Registry): Promise<string> {
  const messages = await Promise.all(
    [
      registry.check(),
      registry.schemaId('s-value', SCHEMAS.ChurnScore, 'FULL_TRANSITIVE'),
      registry.findWriter(EVENT)(1),
      registry.decode(Buffer.from([0, 0, 0, 0, 1, 2])),
    ].map((asking: Promise<unknown>) =>
      asking.then(
        () => 'answered',
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
          return (error as Error).message;
        },
      ),
    ),
  );
  expect(new Set(messages).size, messages.join('\n')).toBe(1);
  expect(`schema registry: ${registry.state().error!}`).toBe(messages[0]);
  expect(registry.state().up).toBe(false);
  return messages[0]!;
}

const api: RequestListener = (_, response) => response.writeHead(404).end('{"error_code":40403}');

test('the real one, its path left out: the right address is named', async () => {
  const right = inject('kafka').registryUrl!;
  const { origin } = new URL(right);
  const message = `schema registry: ${origin} is no Confluent API; ${right} is: set SCHEMA_REGISTRY_URL to it`;
  expect(await refusal(open(origin))).toBe(message);
  expect(await refusal(open(`${origin}/apis/registry/v2/`))).toContain(`${right} is: set`);
  const registry = open(right);
  expect(registry.state().up).toBeUndefined();
  await registry.check();
  expect(registry.state()).toMatchObject({ up: true, error: undefined });
});

test.each<[what: string, elsewhere: RequestListener]>([
  ['HTML', (_, response) => response.end('<html>')],
  ['a redirection', (_, response) => response.writeHead(302, { location: '/ui' }).end()],
])('a wrong path that answers with %s: the root is found', async (_, elsewhere) => {
  const root = await server((request, response) =>
    request.url!.startsWith('/wrong/') ? elsewhere(request, response) : api(request, response),
  );
  expect(await refusal(open(`${root}/wrong`))).toContain(
    `${root}/wrong is no Confluent API; ${root} is: set`,
  );
});

test('no registry at all: its status, and no more than a few requests to look for one', async () => {
  let asked = 0;
  const base = await server((_, response) => {
    asked += 1;
    response.writeHead(404).end('<html>');
  });
  const message = await refusal(open(base));
  expect(message).toBe(`schema registry: ${base}: status 404, which is no answer of a schema registry`);
  expect(asked).toBeLessThanOrEqual(10);
});

test('credentials that are missing or refused: the settings are named, no other address is tried', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'right\n');
  let asked = 0;
  const base = await server((request, response) => {
    asked += 1;
    const isRight = request.headers.authorization === `Basic ${btoa('me:right')}`;
    if (isRight) api(request, response);
    else response.writeHead(401).end('{"error_code":401}');
  });
  expect(await refusal(open(base))).toContain('wants credentials (status 401): set registry.username');
  const wrong = open(base, { username: 'you', passwordFile });
  expect(await refusal(wrong)).toContain('refuses the credentials (status 401): look at registry.username');
  expect(asked).toBe(8);
  await open(base, { username: 'me', passwordFile }).check();
});

test('credentials that may read and not register: the subject and the way out are named', async () => {
  const base = await server((request, response) =>
    request.method === 'GET' ? api(request, response) : response.writeHead(403).end('{"error_code":40301}'),
  );
  const registry = open(base);
  await expect(registry.schemaId('s-value', SCHEMAS.ChurnScore, 'FULL_TRANSITIVE')).rejects.toMatchObject({
    code: 'REGISTRY_UNAVAILABLE',
    message: expect.stringMatching(
      /no right to register ChurnScore under s-value .*autoRegister: false/,
    ) as string,
  });
});

test('a certificate of an authority that is not known: the setting is named, and with it all is well', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [keyFile, caFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
  ];
  const named = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', [...made, ...named, '-keyout', keyFile, '-out', caFile], { stdio: 'ignore' });
  const files = { key: readFileSync(keyFile), cert: readFileSync(caFile) };
  const base = `https://127.0.0.1:${String(await listen(https.createServer(files, api)))}`;
  expect(await refusal(open(base))).toContain('name the PEM file of its authority in registry.caFile');
  await open(base, { caFile }).check();
});

test('nothing there: the address and the reason, and no credentials', async () => {
  const message = await refusal(open('http://me:secret@127.0.0.1:1'));
  expect(message).toBe('schema registry: http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1');
});
