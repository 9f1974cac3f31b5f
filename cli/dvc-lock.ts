/** `dvc.lock` as DVC writes it: which data, code and settings gave which files. */
import { parse } from 'yaml';
import { z } from 'zod';

/** The training stage of `dvc.yaml`. */
export interface DvcStage {
  readonly cmd: string;
  /** Files that shape the model. */
  readonly deps: readonly string[];
  /** Keys of settings that do, by file. */
  readonly params: Readonly<Record<string, readonly string[]>>;
  /** Files that it writes, figures included. */
  readonly outs: readonly string[];
}

/** What a file holds. */
export interface Digest {
  readonly md5: string;
  readonly size: number;
}

const files = z.array(z.union([z.string(), z.record(z.string(), z.unknown())]));
const shape = z.object({
  stages: z.object({
    train: z.object({
      cmd: z.string(),
      deps: z.array(z.string()),
      params: z.array(z.record(z.string(), z.array(z.string()))).default([]),
      outs: files,
      metrics: files.default([]),
    }),
  }),
});

/** Reads the training stage of a `dvc.yaml`. Throws a ZodError for another shape. */
export function parseStage(text: string): DvcStage {
  const { cmd, deps, params, outs, metrics } = shape.parse(parse(text)).stages.train;
  const nameOf = (entry: string | Record<string, unknown>): string =>
    typeof entry === 'string' ? entry : Object.keys(entry)[0]!;
  return { cmd, deps, params: Object.assign({}, ...params) as DvcStage['params'], outs: [...outs, ...metrics].map(nameOf) }; // prettier-ignore
}

/**
 * The text of `dvc.lock`.
 *
 * @param digestOf of a file of the stage. @param paramOf the value of a setting: a mapping, or plain.
 */
export function lockText(
  { cmd, deps, params, outs }: DvcStage,
  digestOf: (path: string) => Digest,
  paramOf: (file: string, key: string) => unknown,
): string {
  const entries = (paths: readonly string[]): string[] =>
    [...paths].sort().flatMap((path) => {
      const { md5, size } = digestOf(path);
      return [`    - path: ${path}`, '      hash: md5', `      md5: ${md5}`, `      size: ${String(size)}`];
    });
  const settings = Object.entries(params).flatMap(([file, keys]) => [
    `      ${file}:`,
    ...keys.flatMap((key) => settingLines(key, paramOf(file, key))),
  ]);
  return [
    "schema: '2.0'",
    'stages:',
    '  train:',
    `    cmd: ${cmd}`,
    '    deps:',
    ...entries(deps),
    ...(settings.length === 0 ? [] : ['    params:', ...settings]),
    '    outs:',
    ...entries(outs),
    '',
  ].join('\n');
}

function settingLines(key: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [`        ${key}: ${String(value)}`];
  const inner = Object.entries(value).map(([name, item]) => `          ${name}: ${String(item)}`);
  return [`        ${key}:`, ...inner];
}
