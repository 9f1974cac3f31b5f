/** The alert rules: what each says on made-up series, and that what they name exists. `make alerts` fires them by their causes. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRICS, SUPERVISOR_METRICS } from '../../service/metric-list.ts';
import { alertRules } from './rules.ts';

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const CASES = 'e2e/alerts/alerts.promtool.yaml';

test.skipIf(!hasPromtool)('promtool: each alert fires when it should, and is silent else', () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', CASES], { encoding: 'utf8' });
  expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
});

test('each alert is tried on series that fire it, and on series that do not', () => {
  const { tests } = readYaml(CASES) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
  };
  const checks = tests.flatMap(({ alert_rule_test: checked }) => checked);
  for (const { alert } of alertRules()) {
    const own = checks.filter(({ alertname }) => alertname === alert);
    expect([alert, own.some(({ exp_alerts: fired }) => fired.length > 0)]).toEqual([alert, true]);
    expect([alert, own.some(({ exp_alerts: fired }) => fired.length === 0)]).toEqual([alert, true]);
  }
});

test('each alert has a summary, a severity and a section of the page that its link names', () => {
  const page = readFileSync('docs/alerts.md', 'utf8');
  for (const { alert, labels, annotations } of alertRules()) {
    expect(annotations.runbook_url).toBe(`docs/alerts.md#${alert.toLowerCase()}`);
    expect([alert, page.includes(`\n## ${alert}\n`)]).toEqual([alert, true]);
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary.length).toBeGreaterThan(20);
  }
});

test('the rules name metrics and labels that exist', () => {
  const specs = new Map(
    Object.values({ ...METRICS, ...SUPERVISOR_METRICS }).map((spec) => [spec.name, spec]),
  );
  const own = /\b((?:churn|http|model|feature)_[a-z0-9_]+?)(?:_bucket)?(?:\{([^}]*)\}|\b(?!\{))/g;
  for (const { alert, expr } of alertRules())
    for (const [, name, matchers = ''] of expr.matchAll(own)) {
      const spec = specs.get(name!);
      expect([alert, name, spec === undefined]).toEqual([alert, name, false]);
      for (const [, label] of matchers.matchAll(/([a-z_]+)\s*[!=]/g))
        expect([alert, name, label, spec!.labels]).toEqual([
          alert,
          name,
          label,
          expect.arrayContaining([label]),
        ]);
    }
});

function readYaml(path: string): unknown {
  return parse(readFileSync(path, 'utf8'));
}
