/** The alert rules as data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../cli/context.ts';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

function readRules(): RuleFile {
  return parse(readFileSync(join(packageRoot(), 'configs/alerts.yaml'), 'utf8')) as RuleFile;
}

export const alertRules = (): readonly AlertRule[] => readRules().groups.flatMap(({ rules }) => rules);

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** An hour is too long for any test. */
const HOUR_BECOMES = '60s';

/** A duration of Prometheus (`5m`), divided; at least a second. */
const shorter = (count: string, unit: string, divisor: number): string =>
  unit === 'h' && divisor > 1
    ? HOUR_BECOMES
    : `${String(Math.max(1, Math.round((Number(count) * SECONDS[unit]!) / divisor)))}s`;

/** Of a bound on an age; a day is too long for any test. */
const shorterAge = (seconds: number, divisor: number): number =>
  seconds >= SECONDS['h']! && divisor > 1 ? 5 : seconds / divisor;

/**
 * The rules in a hurry: every duration, and every bound on an age in seconds, divided by the same number; a range of
 * hours becomes 60 s, a bound of an hour or more 5 s. For tests that cannot wait for minutes; what is compared otherwise (shares, PSI, P95) stays.
 */
export function hurriedRules(divisor: number): RuleFile {
  const range = (expr: string): string =>
    expr
      .replace(/\[(\d+)([smh])\]/g, (_, count: string, unit: string) => `[${shorter(count, unit, divisor)}]`)
      .replace(
        /(_seconds\b[^<>\n]*> )(\d{2,})\b/g,
        (_, before: string, bound: string) => before + String(shorterAge(Number(bound), divisor)),
      );
  return {
    groups: readRules().groups.map(({ name, rules }) => ({
      name,
      rules: rules.map(({ for: wait, expr, ...rule }) => {
        const [, count, unit] = /^(\d+)([smh])$/.exec(wait ?? '') ?? [];
        const shorterWait = count === undefined ? {} : { for: shorter(count, unit!, divisor) };
        return { ...rule, expr: range(expr), ...shorterWait };
      }),
    })),
  };
}
