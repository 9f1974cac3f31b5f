import { describe, expect, it } from 'vitest';
import { createSimulator } from '../producers/simulator.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import type { Dataset } from './dataset.ts';
import { reportHoldout } from './holdout-report.ts';
import { metricsFile } from './metrics-file.ts';
import { modelCard } from './model-card.ts';
import { contributionsPlot, precisionRecallPlot } from './plots.ts';
import { splitDataset } from './split.ts';
import { trainRelease } from './train.ts';

const next = createSimulator({ seed: 4, startMs: 0, stepMs: 1, idPrefix: '' });
const customers = Array.from({ length: 1500 }, next);
const dataset: Dataset = {
  name: 'simulated',
  sha256: '00',
  events: customers.map(({ event }) => event),
  labels: Uint8Array.from(customers, ({ churned }) => Number(churned)),
  rowNumbers: customers.map((_, i) => i + 1),
};
const { release, evaluation, holdout } = trainRelease(dataset, splitDataset(dataset, 1), {
  customer: BANK,
  parameters: { rounds: 10 },
});
const { manifest } = release;
const report = reportHoldout(holdout, BANK, evaluation.threshold, 1);
const card = (): Map<string, string> => modelCard({ manifest, evaluation, report, gate: BANK.gate });

/** Names of the elements left open, or closed without being open. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [, closes, name, alone] of svg.matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>/g)) {
    if (alone === '/') continue;
    if (closes === '') open.push(name!);
    else if (open.pop() !== name) return [name!];
  }
  return open;
}

describe('modelCard', () => {
  const files = card();
  const text = files.get('README.md')!;

  it('is the same again, and has neither a clock nor a hole', () => {
    expect(card()).toEqual(files);
    for (const content of files.values()) {
      expect(content).not.toMatch(/NaN|undefined|Infinity|\[object/);
      expect(content).not.toMatch(/20\d\d-\d\d-\d\d/);
    }
  });

  it('tells the model, its figures with intervals, its groups, and what the gate means', () => {
    for (const part of [manifest.version, manifest.sha256, 'rounds 10', 'France, Germany, Spain'])
      expect(text).toContain(part);
    const { low, high } = report.intervals.roc_auc;
    expect(text).toMatch(
      new RegExp(`ROC AUC +\\| ${evaluation.roc_auc.toFixed(4)} \\| ${low.toFixed(4)} – ${high.toFixed(4)}`),
    );
    expect(text).toContain(
      `"F1 > 0.80" means the F1 weighted by class size: ${evaluation.f1_weighted.toFixed(4)}`,
    );
    const { rows, recall } = report.slices['geography']!['Germany']!;
    expect(text).toMatch(new RegExp(`Germany +\\| ${String(rows)} .*${(recall! * 100).toFixed(1)} %`));
  });

  it('tells the gate of another schema, and lists neither all of many levels nor all of many inputs', () => {
    const levels = Array.from({ length: 30 }, (_, i) => `<l${String(i)}>`);
    const many = Array.from({ length: 50 }, (_, i) => ({ name: `n${String(i)}`, kind: 'numeric' as const }));
    const features = [{ name: 'wide', kind: 'categorical' as const, categories: levels }, ...many];
    const gate = { minWeightedF1: undefined, minAucGain: 0.1, minLogLossGain: 0 };
    const source = { manifest: { ...manifest, features }, evaluation, report, gate };
    const other = modelCard(source).get('README.md')!;
    expect(other).toContain(`The gate: ROC AUC ${evaluation.roc_auc.toFixed(4)} (at least 0.6`);
    expect(other).not.toMatch(/The gate "F1|\(the gate\)/);
    expect(other).toContain('wide (30 levels), n0, n1');
    expect(other).toContain('n38, and 11 more');
    expect(JSON.parse(metricsFile(source))).toMatchObject({
      f1_definition: 'F1 of both classes weighted by their size',
    });
  });

  it('shows plots that are there and well-formed', () => {
    const shown = [...text.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path]) => path!);
    expect(['README.md', ...shown].sort()).toEqual([...files.keys()].sort());
    for (const path of shown) {
      expect(files.get(path)).toMatch(/^<svg xmlns/);
      expect(unbalanced(files.get(path)!)).toEqual([]);
    }
    expect(contributionsPlot({ 'a<b&"c"': 1 })).toContain('a&lt;b&amp;&quot;c&quot;');
  });

  it('marks the threshold in use on the curve, and keeps all inside the picture', () => {
    const chosen = { recall: 0.5, precision: 0.25 };
    const svg = precisionRecallPlot([{ recall: 1, precision: 0.2 }], { prAuc: 0.2, churnRate: 0.2, chosen });
    expect(svg).toContain('50 % found, 25 % right');
    for (const plot of [...files.values(), svg].filter((content) => content.startsWith('<svg'))) {
      const [, width, height] = /viewBox="0 0 (\d+) ([\d.]+)"/.exec(plot)!.map(Number);
      for (const [, axis, value] of plot.matchAll(/ c?(x|y)[12]?="([-\d.]+)"/g)) {
        expect(Number(value)).toBeGreaterThanOrEqual(0);
        expect(Number(value)).toBeLessThanOrEqual(axis === 'x' ? width! : height!);
      }
    }
  });
});

describe('metricsFile', () => {
  const metrics = JSON.parse(metricsFile({ manifest, evaluation, report, gate: BANK.gate })) as Record<
    string,
    unknown
  >;

  it('has every figure at the top, as a number, and an interval of its name', () => {
    const { confusion, ...figures } = evaluation;
    expect(metrics).toMatchObject({ f1: figures.f1_weighted, ...evaluation });
    expect(metrics['f1_definition']).toContain('weighted');
    const names = Object.keys({ ...figures, ...confusion }).filter((name) => name !== 'threshold');
    expect(Object.keys(metrics['intervals'] as object).sort()).toEqual(names.sort());
  });

  it('has slices, gaps, reliability, contributions and what it was measured on', () => {
    expect(metrics).toMatchObject({
      slices: report.slices,
      recall_gaps: report.recall_gaps,
      reliability: report.reliability,
      contributions: report.contributions,
      bootstrap: { samples: 1000, seed: 1, level: 0.95 },
      model: { version: manifest.version, sha256: manifest.sha256 },
    });
  });
});
