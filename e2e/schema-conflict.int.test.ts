/** A customer schema that does not get on with what the registry has: nothing starts, and the reason is said. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { programArguments } from '../cli/service-process.io.ts';
import { createWorld, events } from './world.ts';

/** The customer schema that ships, with one type changed, and an event, in a folder of their own. */
function editedSchema(): { readonly CUSTOMER_SCHEMA: string; readonly file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'customer-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const text = readFileSync(join(packageRoot(), 'configs/customer.yaml'), 'utf8');
  const edited = text.replace('name: balance, type: number', 'name: balance, type: integer');
  expect(edited).not.toBe(text);
  writeFileSync(join(folder, 'customer.yaml'), edited);
  const file = join(folder, 'events.jsonl');
  writeFileSync(file, JSON.stringify({ ...events(1)[0], balance: 5 }));
  return { CUSTOMER_SCHEMA: join(folder, 'customer.yaml'), file };
}

test(
  'topics create, produce and serve end with the field and what to do',
  { timeout: 120_000 },
  async () => {
    const { env, context } = await createWorld();
    const { CUSTOMER_SCHEMA, file } = editedSchema();
    const run = (more: object, ...args: string[]) =>
      promisify(execFile)(process.execPath, [...programArguments(), ...args], {
        env: { ...process.env, ...env, CUSTOMER_SCHEMA, PORT: '0', ...more },
        cwd: packageRoot(),
        timeout: 60_000,
      }).then(
        ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
        (error: unknown) => {
          const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
          return { code, said: stdout + stderr };
        },
      );
    const refused = {
      code: 1,
      said: expect.stringMatching(/-value: version 1: balance was double and is int.*retired: true/s) as string,
    };
    expect(await run({}, 'topics', 'create')).toMatchObject(refused);
    expect(await run({}, 'produce', file)).toMatchObject(refused);
    expect(await run({}, 'serve')).toMatchObject(refused);
    const { customerEvents } = context.config.topics.names;
    const written = await context.kafka.administer((admin) => admin.offsetBounds(customerEvents));
    expect(written.every(({ to }) => to === 0)).toBe(true);
    // A topic of its own is the way out that the message names.
    const other = { TOPICS_CUSTOMER_EVENTS: 'other-events' };
    expect(await run(other, 'topics', 'create')).toMatchObject({ code: 0 });
  },
); // prettier-ignore
