import { expect, test } from 'vitest';
import { manifestFaults } from './check-manifest.ts';
import type { Manifest } from './manifest.ts';
import { readRelease } from './store.io.ts';
import { tinyRelease } from './tiny-release.fixture.ts';

const champion = (await readRelease('models/champion')).manifest;

test('a sound manifest has no faults', () => {
  expect([...manifestFaults(champion)]).toEqual([]);
  expect([...manifestFaults(tinyRelease().manifest)]).toEqual([]);
});

type Change = (manifest: Manifest) => unknown;
const category = (manifest: Manifest) =>
  manifest.features[1] as { name: string; kind: string; categories: string[] };
const series = (manifest: Manifest) => manifest.profile.features;

test.each<[field: string, change: Change, fault: string]>([
  ['features', (m) => (m.features[0]!.name = 'age'), 'features has age twice'],
  [
    'categories',
    (m) => (category(m).categories[1] = 'France'),
    'features.geography.categories has France twice',
  ],
  ['categories', (m) => (category(m).categories[1] = ''), 'features.geography.categories has an empty name'],
  ['categories', (m) => (category(m).categories = []), 'features.geography.categories is empty'],
  ['columns', (m) => (m.columns = 12), 'columns is 12, the features have 13'],
  ['columns', (m) => category(m).categories.push('Italy'), 'columns is 13, the features have 14'],
  ['riskCutoffs', (m) => (m.riskCutoffs.medium = -0.1), 'riskCutoffs.medium is -0.1, possible are 0..1'],
  ['riskCutoffs', (m) => (m.riskCutoffs.high = 7), 'riskCutoffs.high is 7, possible are 0..1'],
  ['riskCutoffs', (m) => (m.riskCutoffs.medium = 0.9), 'riskCutoffs.medium is above riskCutoffs.high'],
  ['profile', (m) => (m.profile.features = []), 'profile.features are none, the features are creditScore'],
  ['profile', (m) => series(m).reverse(), 'profile.features are estimatedSalary, isActiveMember'],
  ['profile', (m) => series(m).push(series(m)[0]!), 'profile.features are creditScore'],
  ['rows', (m) => (m.profile.rows = 0), 'profile.rows is 0, at least 1 is needed'],
  [
    'rows',
    (m) => (m.profile.rows += 1),
    'profile.features.creditScore.counts are of 8000 rows, profile.rows is 8001',
  ],
  [
    'kind',
    (m) => (series(m)[1]!.kind = 'quantile'),
    'profile.features.geography.kind is quantile, categorical is needed',
  ],
  [
    'kind',
    (m) => (series(m)[0]!.kind = 'categorical'),
    'profile.features.creditScore.kind is categorical, quantile is needed',
  ],
  [
    'categories',
    (m) => series(m)[1]!.categories.reverse(),
    'profile.features.geography.categories are Spain, Germany, France, those of the feature',
  ],
  [
    'edges',
    (m) => series(m)[0]!.edges.reverse(),
    'profile.features.creditScore.edges is not ascending at 734',
  ],
  [
    'edges',
    (m) => (series(m)[0]!.edges[1] = 522),
    'profile.features.creditScore.edges is not ascending at 522',
  ],
  [
    'edges',
    (m) => series(m)[0]!.edges.push(1000),
    'profile.features.creditScore.counts has 13 entries, its bins are 14',
  ],
  [
    'counts',
    (m) => series(m)[1]!.counts.push(0),
    'profile.features.geography.counts has 7 entries, its bins are 6',
  ],
  [
    'min',
    (m) => (series(m)[0]!.min = 1000),
    'profile.features.creditScore.min is above profile.features.creditScore.max',
  ],
  ['score', (m) => (m.profile.score.name = 'scores'), 'profile.score.name is scores, score is needed'],
  [
    'score',
    (m) => (m.profile.score.kind = 'categorical'),
    'profile.score.kind is categorical, quantile is needed',
  ],
  ['score', (m) => (m.profile.score.max = 1.5), 'profile.score has 1.5, scores are 0..1'],
  ['score', (m) => (m.profile.score.edges[0] = -1), 'profile.score has -1, scores are 0..1'],
  ['score', (m) => m.profile.score.counts.fill(0), 'profile.score.counts are of no rows'],
  ['score', (m) => (m.profile.score.counts = [1]), 'profile.score.counts has 1 entries, its bins are 13'],
])('a fault in %s is named (%#)', (_, change, fault) => {
  const manifest = structuredClone(champion);
  change(manifest);
  const found = [...manifestFaults(manifest)];
  expect(found.map((sentence) => sentence.slice(0, fault.length))).toContain(fault);
});
