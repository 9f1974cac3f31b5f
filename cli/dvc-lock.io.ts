/** Brings `dvc.lock` in step with the files of the present folder. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { messageOf } from '../schemas/errors.ts';
import { lockText, parseStage, type Digest, type DvcStage } from './dvc-lock.ts';

const LOCK = 'dvc.lock';
const STAGE = 'dvc.yaml';
const tracked = z.object({ outs: z.tuple([z.object({ md5: z.string(), size: z.number() })]) });

/** What a file holds. */
export function digestOf(path: string): Digest {
  const bytes = readFileSync(path);
  return { md5: createHash('md5').update(bytes).digest('hex'), size: bytes.length };
}

/** What the data file of `dvc add` holds, by its `.dvc` file: the file itself need not be here. */
export function trackedDigest(path: string): Digest {
  const { md5, size } = tracked.parse(parse(readFileSync(`${path}.dvc`, 'utf8'))).outs[0];
  return { md5, size };
}

/** A setting of a YAML file. */
export function settingOf(path: string, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>(
      (node, name) => (node as Record<string, unknown> | undefined)?.[name],
      parse(readFileSync(path, 'utf8')),
    );
}

/**
 * The lock of the files in a folder, for a stage.
 *
 * @param data digest of the labelled customers, which may lie elsewhere.
 */
export function lockOf(folder: string, stage: DvcStage, dataPath: string, data: Digest): string {
  return lockText(
    stage,
    (path) => (path === dataPath ? data : digestOf(join(folder, path))),
    (file, key) => settingOf(join(folder, file), key),
  );
}

/**
 * Writes `dvc.lock` after a training of the shipped model in the present folder.
 *
 * @param file the labelled customers. @param folder the present one.
 * @returns what to say about it; undefined: this folder is none of DVC's.
 */
export function refreshLock(
  file: string,
  { places, resampling }: Pick<Config, 'places' | 'resampling'>,
  folder = '.',
): string | undefined {
  const at = (path: string): string => join(folder, path);
  if (!existsSync(at(STAGE)) || places.data === null) return undefined;
  const stage = parseStage(readFileSync(at(STAGE), 'utf8'));
  const data = digestOf(file);
  const isTracked = existsSync(at(`${places.data}.dvc`)) && trackedDigest(at(places.data)).md5 === data.md5;
  if (!isTracked && resolve(file) !== resolve(at(places.data)))
    return `${LOCK} stays as it is: it is about ${places.data}, and ${file} holds something else. Put it there, run \`dvc add ${places.data}\` and train again`;
  const isShipped = JSON.stringify(settingOf(at('configs/config.yaml'), 'resampling')) === JSON.stringify(resampling); // prettier-ignore
  if (!isShipped)
    return `${LOCK} stays as it is: the settings of the training are not those of configs/config.yaml`;
  try {
    writeFileSync(at(LOCK), lockOf(folder, stage, places.data, data));
  } catch (error) {
    return `${LOCK} stays as it is: ${messageOf(error)}`;
  }
  const adding = isTracked ? '' : ` (first \`dvc add ${places.data}\`: the data are new)`;
  return `${LOCK} names the data, the code and these files: commit it with ${places.model} and ${places.metrics}${adding}`;
}
