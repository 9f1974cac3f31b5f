/** `produce` publishes a CSV's events and outcomes; a file with a wrong header publishes nothing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { programArguments } from '../../cli/service-process.io.ts';
import type { CustomerEvent } from '../../schemas/customer/schema.ts';
import type { CustomerOutcome } from '../../schemas/generated.ts';
import { createWorld, settled } from '../world.ts';
import { changed, CLEAN, withCell } from './csv-case.ts';

/** A world without a registry, `produce --outcomes` into it, and what came in. */
async function publisher() {
  const world = await createWorld({ registry: false });
  const { customerEvents, customerOutcomes } = world.context.config.topics.names;
  const events: CustomerEvent[] = [];
  const outcomes: CustomerOutcome[] = [];
  const reader = await world.context.kafka.openReader(
    [customerEvents, customerOutcomes],
    { fromBeginning: true },
    (topic, _, { value }) => {
      const record: unknown = JSON.parse(String(value));
      if (topic === customerEvents) events.push(record as CustomerEvent);
      else outcomes.push(record as CustomerOutcome);
    },
  );
  onTestFinished(() => reader.close());
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-produce-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const produce = (file: string, ...more: string[]) => {
    const path = join(folder, 'customers.csv');
    writeFileSync(path, file);
    const args = [...programArguments(), 'produce', path, '--outcomes', '--label-lag', '0.01', ...more];
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...world.env } });
  };
  return { produce, events, outcomes };
}

test('labels of 1.0 and 0.0 are outcomes, an empty label is none', { timeout: 120_000 }, async () => {
  const { produce, events, outcomes } = await publisher();
  const floats = changed('Exited', (cell) => `${cell}.0`).replace(/,0\.0\n/, ',\n');
  const { status, stderr } = produce(floats);
  expect([status, stderr]).toEqual([0, expect.stringMatching(/3 events published[^]*2 outcomes published/)]);
  await settled(() => events.length >= 3 && outcomes.length >= 2, '3 events and 2 outcomes');
  expect(events.map(({ customerId }) => customerId).sort()).toEqual(['501', '502', '503']);
  expect(outcomes.map(({ eventId, churned }) => [eventId, churned]).sort()).toEqual([
    ['row-1', true],
    ['row-3', true],
  ]);
});

test(
  '--count draws rows with replacement, outcomes included, and --drift changes them',
  { timeout: 120_000 },
  async () => {
    const { produce, events, outcomes } = await publisher();
    const drift = ['--drift', 'age+10;balance*2', '--drift', 'tenure=missing:50%'];
    const { status, stderr } = produce(CLEAN, '--count', '200', '--seed', '3', ...drift);
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/200 events are drawn .* \(seed 3\) from 3 rows[^]*200 outcomes/),
    ]);
    await settled(() => events.length >= 200 && outcomes.length >= 200, '200 events and outcomes');

    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(200);
    const expected: Record<string, unknown> = {
      501: [51, 0, true],
      502: [46, 149_639.66, false],
      503: [68, 2501, true],
    };
    const churned = new Map(outcomes.map((outcome) => [outcome.eventId, outcome.churned]));
    for (const { eventId, customerId, age, balance } of events)
      expect([age, balance, churned.get(eventId)]).toEqual(expected[customerId]);
    for (const id of Object.keys(expected)) {
      const own = events.filter(({ customerId }) => customerId === id);
      const missing = own.filter(({ tenure }) => tenure === null).length / own.length;
      expect([id, own.length > 40, missing]).toEqual([id, true, id === '503' ? 1 : expect.closeTo(0.5, 0)]);
    }
  },
);

test('nothing is published of a file without labels or inputs', { timeout: 120_000 }, async () => {
  const { produce, events, outcomes } = await publisher();
  for (const [file, message] of [
    [CLEAN.replace('Exited', 'Remark'), 'columns missing: Exited'],
    [CLEAN.replace('Balance', 'Balanse'), '"Balanse": did you mean Balance?'],
  ] as const)
    expect([message, produce(file)]).toEqual([
      message,
      expect.objectContaining({ status: 1, stderr: expect.stringContaining(message) as string }),
    ]);
  const cut = produce(withCell('Age', 'old'));
  expect([cut.status, cut.stderr]).toEqual([1, expect.stringContaining('0 events were published')]);
  await settled(() => true, 'nothing', 0, 3000);
  expect([events, outcomes]).toEqual([[], []]);
});
