import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createBinOf, profileCategories, profileNumbers } from '../drift/bins.ts';
import { psi } from '../drift/psi.ts';
import type { Golden, Manifest, SeriesProfile } from '../models/manifest.ts';
import { driftOf, parseDrift } from '../producers/drift-expression.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import type { CustomerInput, CustomerSchema, InputType } from '../schemas/customer/schema.ts';
import { createRandom } from '../schemas/random.ts';
import { pickDrift } from './pick-drift.ts';

const input = (name: string, type: InputType, limits: Partial<CustomerInput> = {}): CustomerInput => ({
  ...BANK.inputs[0]!,
  name,
  aliases: [],
  type,
  min: undefined,
  max: undefined,
  ...limits,
});

/** What is picked for a model of some series; `strengths` are the contributions that its golden rows have. */
function picked(
  series: readonly { readonly input: CustomerInput; readonly profile: SeriesProfile }[],
  strengths: readonly number[],
): string | undefined {
  const features: Manifest['features'] = series.map(({ profile: { name, kind, categories } }) =>
    kind === 'quantile' ? { name, kind: 'numeric' } : { name, kind: 'categorical', categories },
  );
  const profiles = series.map(({ profile }) => profile);
  const profile = { rows: 100, features: profiles, score: profiles[0]! };
  const golden = { outputs: [[0, ...strengths], [0, ...strengths.map((strength) => -strength)]] }; // prettier-ignore
  const schema: Pick<CustomerSchema, 'inputs'> = { inputs: series.map((one) => one.input) };
  return pickDrift({ features, profile }, golden, schema)?.text;
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const months = (limits?: Partial<CustomerInput>) => ({
  input: input('months', 'integer', limits),
  profile: profileNumbers('months', upTo(100)),
});
const charge = {
  input: input('charge', 'number'),
  profile: profileNumbers('charge', upTo(100).map((i) => i / 4)), // prettier-ignore
};
const contract = {
  input: input('contract', 'category'),
  profile: profileCategories('contract', ['a', 'b', 'c'], upTo(100).map((i) => (i < 5 ? 'c' : i < 50 ? 'a' : 'b'))), // prettier-ignore
};
const isMember = {
  input: input('isMember', 'boolean'),
  profile: profileNumbers('isMember', upTo(100).map((i) => Number(i >= 30))), // prettier-ignore
};
const constant = { input: input('constant', 'integer'), profile: profileNumbers('constant', [3, 3]) };

it('moves the number that the model listens to most, by half its usual span', () => {
  expect(picked([months(), charge], [1, 2])).toBe('charge+10');
  expect(picked([months(), charge], [2, 1])).toBe('months+40');
});

it('moves it the other way where the schema ends, and prefers numbers unless they are weak', () => {
  expect(picked([months({ min: 0, max: 99 })], [1])).toBe('months+20');
  expect(picked([months({ max: 99 }), contract], [1, 2])).toBe('months-40');
  expect(picked([contract, months()], [1, 0.1])).toBe('contract=c:40%');
});

it('makes a rare value frequent, or a value missing where that is not enough', () => {
  expect(picked([contract], [1])).toBe('contract=c:40%');
  expect(picked([isMember], [1])).toBe('isMember=false:80%');
  const even = { ...isMember, profile: profileNumbers('isMember', upTo(100).map((i) => i % 2)) }; // prettier-ignore
  expect(picked([even], [1])).toBe('isMember=missing:40%');
});

it('picks nothing where nothing is to be seen, and nothing that the schema does not have', () => {
  const unknown = { ...months(), input: input('other', 'integer') };
  expect(picked([unknown], [1])).toBeUndefined();
  expect(picked([constant, contract], [5, 1])).toBe('contract=c:40%');
  expect(picked([constant], [5])).toBe('constant=missing:40%');
});

it('drifts the simulated bank far above the threshold, in the monitor’s own measure', () => {
  const read = (file: string): unknown => JSON.parse(readFileSync(`models/champion/${file}`, 'utf8'));
  const manifest = read('manifest.json') as Manifest;
  const change = pickDrift(manifest, read('golden.json') as Golden, BANK)!;
  const parsed = parseDrift([change.text], BANK);
  const series = manifest.profile.features.find(({ name }) => name === parsed[0]!.input.name)!;
  const counts = series.counts.map(() => 0);
  const [binOf, drift, random] = [createBinOf(series), driftOf(parsed), createRandom(1)];
  for (const { event } of simulateEvents(5000, 1, 'e-'))
    counts[binOf(drift.change(event, random)[series.name] ?? null)]! += 1;
  const index = psi(series.counts, counts);
  expect(index).toBeGreaterThan(1);
  expect(change.psi / index).toBeCloseTo(1, 0);
});
