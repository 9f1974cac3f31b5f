import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { manifestFaults } from '../models/check-manifest.ts';
import { schemaOfModel } from '../models/customer-schema.ts';
import { readRelease } from '../models/store.io.ts';
import { createSimulator } from '../producers/simulator.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { createRandom } from '../schemas/random.ts';
import { loadModel } from '../scoring/load-model.io.ts';
import { GYM_FILE, gymCsv, inventGym } from '../training/invented.fixture.ts';
import { trainCommand } from './train.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'train-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const HEADER =
  'RowNumber,CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary,Exited';

/** A CSV of simulated customers; `label` may take the place of the truth. */
async function writeCustomers(n: number, label?: () => number): Promise<string> {
  const next = createSimulator({ seed: 1, startMs: 0, stepMs: 1, idPrefix: '' });
  const lines = Array.from({ length: n }, (_, i) => {
    const { event: e, churned } = next();
    const flags = [Number(e.hasCrCard), Number(e.isActiveMember)];
    const inputs = [e.creditScore, e.geography, e.gender, e.age, e.tenure ?? '', e.balance, e.numOfProducts];
    return [i + 1, ...inputs, ...flags, e.estimatedSalary, label?.() ?? Number(churned)].join();
  });
  const path = join(folder, 'customers.csv');
  await writeFile(path, [HEADER, ...lines, ''].join('\n'));
  return path;
}

const train = (data: string, out: string, ...more: string[]): Promise<unknown> =>
  trainCommand().parseAsync(
    ['--data', data, '--out', join(folder, out), '--metrics', join(folder, `${out}.json`), ...more],
    { from: 'user' },
  );

describe('bankchurn train', () => {
  it('releases a model that can be loaded, with its figures, and the same bytes again', async () => {
    const data = await writeCustomers(3000);
    await train(data, 'a');
    await train(data, 'b');
    const release = await readRelease(join(folder, 'a'));
    expect(await readRelease(join(folder, 'b'))).toEqual(release);
    for (const file of [
      'README.md',
      'DATA.md',
      'plots/reliability.svg',
      'plots/precision-recall.svg',
      'plots/contributions.svg',
    ])
      expect(await readFile(join(folder, 'b', file), 'utf8')).toBe(
        await readFile(join(folder, 'a', file), 'utf8'),
      );
    expect(await readFile(join(folder, 'a/README.md'), 'utf8')).toContain(release.manifest.sha256);
    expect(await readFile(join(folder, 'b.json'), 'utf8')).toBe(
      await readFile(join(folder, 'a.json'), 'utf8'),
    );
    await (await loadModel(join(folder, 'a'))).close();
    const metrics = JSON.parse(await readFile(join(folder, 'a.json'), 'utf8')) as Record<string, unknown>;
    const keys =
      'roc_auc pr_auc f1 f1_definition f1_churn f1_macro precision recall brier log_loss ece threshold confusion';
    expect(Object.keys(metrics)).toEqual(
      expect.arrayContaining([...keys.split(' '), 'rows', 'split', 'dataset', 'model']),
    );
    expect(metrics['f1']).toBeGreaterThan(0.8);
    expect(metrics['model']).toEqual({ version: release.manifest.version, sha256: release.manifest.sha256 });
    expect(release.manifest.version).toMatch(/^churn-[0-9a-f]{8}$/);
    expect(release.manifest.training.split.name).toBe('stratified-42');
  });

  it('trains on another customer schema, says where, and describes the data', async () => {
    const schema = join(folder, 'gym.yaml');
    await writeFile(schema, GYM_FILE);
    vi.stubEnv('CUSTOMER_SCHEMA', schema);
    const data = join(folder, 'gym.csv');
    await writeFile(data, gymCsv(inventGym(2000)));
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await train(data, 'gym');
    const words = said.mock.calls.map(([text]) => String(text)).join('');
    expect(words).toContain(
      'customer schema "gym": its model and figures lie in .data/gym, not in models/champion',
    );
    expect(words).toMatch(/gate passed: ROC AUC 0\.\d+ \(at least 0\.5\d+: what chance reaches/);
    await (await loadModel(join(folder, 'gym'))).close();
    expect((await readRelease(join(folder, 'gym'))).manifest.version).toMatch(/^gym-/);
    expect(await readFile(join(folder, 'gym/DATA.md'), 'utf8')).toMatch(
      /\| visits +\| integer +\| a month +\| from 0/,
    );
    await expect(trainCommand().parseAsync(['--simulated'], { from: 'user' })).rejects.toThrow(
      'simulated customers are those of configs/customer.yaml',
    );
    await expect(trainCommand().parseAsync([], { from: 'user' })).rejects.toThrow(
      'name the labelled customers of the customer schema "gym"',
    );
  });

  it('asks for the F1 of the configuration, if it is set', async () => {
    vi.stubEnv('TRAINING_MIN_WEIGHTED_F1', '0.99');
    await expect(train(await writeCustomers(600), 'a')).rejects.toThrow(
      /FAILED: weighted F1 0\.\d+ \(above 0\.99\)/,
    );
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });

  it('skips rows that cannot be read, if asked to, and counts them in the data card by reason', async () => {
    const data = await writeCustomers(2000);
    const text = await readFile(data, 'utf8');
    const lines = text.split('\n').map((line, i) => (i === 5 || i === 9 ? line.replace(/^(\d+),\d+/, '$1,secret') : line)); // prettier-ignore
    await writeFile(data, lines.join('\n'));
    await train(data, 'a', '--bad-rows', 'skip');
    const card = await readFile(join(folder, 'a/DATA.md'), 'utf8');
    expect(card).toMatch(/- 2 rows: column CreditScore \(2\): "…" is not a number/);
    expect(card).not.toContain('secret');
  });

  it('puts the copy of the customer schema into the manifest, and refuses a schema in another order than the champion’s', async () => {
    const data = await writeCustomers(3000);
    await train(data, 'a');
    const { manifest } = await readRelease(join(folder, 'a'));
    expect([...manifestFaults(manifest)]).toEqual([]);
    expect(manifest.customer?.inputs.map(({ name }) => name)).toEqual(BANK.inputs.map(({ name }) => name));
    expect(schemaOfModel(manifest, BANK).inputs[0]).toEqual({ ...BANK.inputs[0], doc: undefined });

    const text = await readFile('configs/customer.yaml', 'utf8');
    const turned = join(folder, 'turned.yaml');
    await writeFile(turned, text.replace(/(  - \{ name: age.*\n)(  - \{ name: tenure.*\n)/, '$2$1'));
    vi.stubEnv('CUSTOMER_SCHEMA', turned);
    await expect(train(data, 'a')).rejects.toThrow(
      /nothing was trained: input 4 of the customer schema churn is tenure, in model churn-\w+ it is age: .* put age back there/,
    );
    await train(data, 'elsewhere');
  }, 60_000);

  it('releases nothing where the gate is missed', async () => {
    const random = createRandom(1);
    const data = await writeCustomers(500, () => random.int(2));
    await expect(train(data, 'a')).rejects.toThrow(
      /the gate refuses the model .*FAILED: weighted F1 0\.\d+ \(above 0\.80\): nothing released/,
    );
    expect([existsSync(join(folder, 'a')), existsSync(join(folder, 'a.json'))]).toEqual([false, false]);
  });

  it('takes the holdout of a file and the settings of the command', async () => {
    const rows = join(folder, 'mine.txt');
    await writeFile(rows, Array.from({ length: 300 }, (_, i) => i * 3 + 1).join('\n'));
    await train(await writeCustomers(1500), 'a', '--holdout-rows', rows, '--rounds', '20', '--seed', '7');
    const { training } = (await readRelease(join(folder, 'a'))).manifest;
    expect(training.split).toEqual({ name: 'mine', seed: 7, trainRows: 1200, holdoutRows: 300 });
    expect(training.parameters).toMatchObject({ rounds: 20, seed: 7 });
  });

  it('stops early on one fold and records the rounds it found', async () => {
    const data = await writeCustomers(1500);
    await train(data, 'a', '--early-stopping', '5', '--column-sampling', '0.5', '--rounds', '300');
    const { parameters } = (await readRelease(join(folder, 'a'))).manifest.training;
    expect(parameters).toMatchObject({ earlyStoppingRounds: 5, columnSampling: 0.5 });
    expect(parameters['rounds']).toBeGreaterThan(5);
    expect(parameters['rounds']).toBeLessThan(150);
  });

  it('refuses a holdout of one class', async () => {
    const data = await writeCustomers(300, () => 0);
    const text = await readFile(data, 'utf8');
    await writeFile(data, text.replaceAll(/^((?:[1-9]|[1-9]\d),.*),0$/gm, '$1,1'));
    const rows = join(folder, 'ones.txt');
    await writeFile(rows, '3 4 5');
    await expect(train(data, 'a', '--holdout-rows', rows)).rejects.toThrow(
      'the holdout (ones) has 3 customers, 3 of them left: it needs 5 who left and 5 who stayed',
    );
  });

  it('refuses data and holdouts that it cannot read, and says why', async () => {
    await expect(train(join(folder, 'none.csv'), 'a')).rejects.toThrow('none.csv');
    const rows = join(folder, 'rows.txt');
    await writeFile(rows, '1\nx\n');
    await expect(train(await writeCustomers(200), 'a', '--holdout-rows', rows)).rejects.toThrow(
      '"x" is not a row number',
    );
  });
});
