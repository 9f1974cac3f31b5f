import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot, readConfig } from './cli/context.ts';
import { loadConfig } from './config-file.io.ts';
import type { Config } from './config.ts';

const CONFIG = 'configs/config.yaml';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'bankchurn-places-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

/** A copy of the shipped customer schema under another name. */
function otherSchema(name: string): string {
  const file = join(folder(), 'other.yaml');
  writeFileSync(file, readFileSync('configs/customer.yaml', 'utf8').replace('name: churn', `name: ${name}`));
  return file;
}

const places = ({ model, training, places: { metrics } }: Config): unknown[] => [model.dir, metrics, training.baseCsv]; // prettier-ignore

test('with the shipped customer schema, however it is named, models lie where they always did', () => {
  const shipped = ['models/champion', 'models/metrics.json', 'data/raw/Churn.csv'];
  const root = packageRoot();
  for (const CUSTOMER_SCHEMA of [
    '',
    'configs/customer.yaml',
    './configs/customer.yaml',
    join(root, 'configs/customer.yaml'),
  ])
    // prettier-ignore
    expect(places(loadConfig({ path: CONFIG, env: { CUSTOMER_SCHEMA }, root }))).toEqual(shipped);
});

test('with another one they lie in a folder of its name, in the present folder, and no base set joins trainings', () => {
  const env = { CUSTOMER_SCHEMA: otherSchema('telco') };
  expect(places(loadConfig({ path: CONFIG, env }))).toEqual(['.data/telco/champion', '.data/telco/metrics.json', null]); // prettier-ignore
  expect(readConfig({ config: CONFIG }, env).model.dir).toBe('.data/telco/champion');
});

test('a copy of the shipped one elsewhere is another one', () => {
  const file = join(folder(), 'customer.yaml');
  copyFileSync('configs/customer.yaml', file);
  expect(loadConfig({ path: CONFIG, env: { CUSTOMER_SCHEMA: file } }).model.dir).toBe('.data/churn/champion');
});

test('what is set is taken, with any schema', () => {
  const env = {
    CUSTOMER_SCHEMA: otherSchema('telco'),
    MODEL_DIR: 'models/champion',
    TRAINING_BASE_CSV: 'base.csv',
  };
  expect(places(loadConfig({ path: CONFIG, env }))).toEqual(['models/champion', '.data/telco/metrics.json', 'base.csv']); // prettier-ignore
});
