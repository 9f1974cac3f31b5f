/** A telecom company's customers, with columns that are not the bank's: train, then the whole demo with drift of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { programArguments } from '../cli/service-process.io.ts';

const DATA = resolve('../shared/data/Telco.csv');
const CUSTOMER_SCHEMA = 'e2e/telco.fixture.yaml';

test.skipIf(!existsSync(DATA))(
  'train and demo: each event once, drift picked by the profile, one retrain, gate, swap, calm',
  { timeout: 900_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'bankchurn-telco-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const env = { ...process.env, KAFKA_BROKERS: '', SCHEMA_REGISTRY_URL: '', CUSTOMER_SCHEMA };
    const bankchurn = (args: string[], more: Record<string, string>) =>
      spawnSync(process.execPath, [...programArguments(), ...args], {
        encoding: 'utf8',
        env: { ...env, ...more },
      });

    const out = join(folder, 'champion');
    const trained = bankchurn(
      ['train', '--data', DATA, '--out', out, '--metrics', join(folder, 'm.json')],
      {},
    );
    expect([trained.status, trained.stderr]).toEqual([0, expect.stringContaining('released telecom-')]);

    const DEMO_EVENTS = '20000';
    const demo = bankchurn(['demo'], { MODEL_DIR: out, EVENTS: DATA, DEMO_EVENTS });
    const words = demo.stdout + demo.stderr;
    if (demo.status !== 0) console.log(words);
    expect([demo.status, words]).toEqual([0, expect.stringContaining('from 7043 rows')]);
    const lines = new Map(
      demo.stdout.split('\n').map((line) => [line.slice(0, 14).trim(), line.slice(15)] as const),
    );
    expect(lines.get('scores out')).toMatch(/^20000, one for each readable event/);
    expect(lines.get('drift')).toMatch(/^tenure\+\d+$/);
    expect(lines.get('retrain')).toMatch(/^1 event: PSI of tenure/);
    expect(lines.get('gate')).toMatch(/^passed: .*; on the base holdout \(\d+ rows\): ROC AUC/);
    expect(lines.get('swap')).toMatch(/^to stream-/);
    expect(lines.get('scores')).toMatch(/^(\d+) for \1 events over the swap \(doubled 0, missing 0\)$/);
  },
);
