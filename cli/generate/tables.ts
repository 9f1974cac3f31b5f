/** The tables of docs/configuration.md, docs/metrics.md and docs/errors.md, from the lists in the code. */
import { ACTIONS, ERRORS } from '../../schemas/errors.ts';
import { METRICS, SUPERVISOR_METRICS, type MetricSpec } from '../../service/metric-list.ts';
import { markdownTable } from '../../training/markdown.ts';
import { groups, yamlValue } from './config-file.ts';

const code = (text: string): string => `\`${text}\``;
/** Words with no Markdown in them. */
const plain = (text: string): string => text.replaceAll('<', '\\<');

/** A heading and a table for each group of settings. */
export function settingsTables(): string {
  return groups()
    .map(({ section, sentence, settings }) => {
      const rows = settings.map(({ key, variable, setting: { kind, initial, sentence: words } }) => [
        code(key),
        code(variable),
        code(yamlValue(initial)),
        plain(kind.allowed),
        plain(words),
      ]);
      const title = section ?? settings.map(({ key }) => key).join(', ');
      const intro = sentence === '' ? [] : [`${sentence[0]!.toUpperCase()}${sentence.slice(1)}.`];
      const header = ['key', 'variable', 'default', 'allowed', 'meaning'];
      return [`## ${title}`, ...intro, markdownTable(header, rows)].join('\n\n');
    })
    .join('\n\n');
}

export function metricsTable(): string {
  const specs: readonly MetricSpec[] = [...Object.values(METRICS), ...Object.values(SUPERVISOR_METRICS)];
  const rows = specs.map(({ name, type, labels, aggregator, help }) => [
    code(name),
    type,
    labels.map(code).join(', '),
    aggregator,
    help,
  ]);
  return markdownTable(['metric', 'type', 'labels', 'of several workers', 'meaning'], rows);
}

export function errorTables(): string {
  const actions = Object.entries(ACTIONS).map(([action, does]) => [action, does]);
  const codes = Object.entries(ERRORS).map(([name, { action, means }]) => [code(name), action, means]);
  return [
    markdownTable(['action', 'what the service does'], actions),
    markdownTable(['code', 'action', 'what it means, and what to do'], codes),
  ].join('\n\n');
}
