import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { placesOf } from '../config-places.ts';
import { refreshLock } from './dvc-lock.io.ts';
import { lockText, parseStage } from './dvc-lock.ts';

const STAGE = `stages:
  train:
    cmd: make train
    deps: [b.ts, data/raw/Churn.csv, a.ts]
    params: [{ configs/config.yaml: [resampling, other.key] }]
    outs: [{ models/champion/model.onnx: { cache: false } }]
    metrics: [models/metrics.json]
`;
const LOCK = `schema: '2.0'
stages:
  train:
    cmd: make train
    deps:
    - path: a.ts
      hash: md5
      md5: of a.ts
      size: 1
    - path: b.ts
      hash: md5
      md5: of b.ts
      size: 1
    - path: data/raw/Churn.csv
      hash: md5
      md5: of data/raw/Churn.csv
      size: 1
    params:
      configs/config.yaml:
        resampling:
          strategy: none
          memoryBudgetMiB: 512
        other.key: 3
    outs:
    - path: models/champion/model.onnx
      hash: md5
      md5: of models/champion/model.onnx
      size: 1
    - path: models/metrics.json
      hash: md5
      md5: of models/metrics.json
      size: 1
`;

test('the lock is as DVC writes it: sorted, with settings and figures', () => {
  const values = { resampling: { strategy: 'none', memoryBudgetMiB: 512 }, 'other.key': 3 };
  const paramOf = (_: string, key: string): unknown => values[key as keyof typeof values];
  expect(lockText(parseStage(STAGE), (path) => ({ md5: `of ${path}`, size: 1 }), paramOf)).toBe(LOCK);
});

let folder: string;
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const lock = (): string => readFileSync(join(folder, 'dvc.lock'), 'utf8');
const config = {
  places: placesOf(true, ''),
  resampling: { strategy: 'none', memoryBudgetMiB: 512 },
} as const;
const MD5_OF_A = '0cc175b9c0f1b6a831c399e269772661';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bankchurn-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  write('dvc.yaml', STAGE);
  for (const path of ['a.ts', 'b.ts', 'models/champion/model.onnx', 'models/metrics.json']) write(path, 'x');
  write('configs/config.yaml', 'resampling: { strategy: none, memoryBudgetMiB: 512 }\nother: { key: 3 }\n');
  write('data/raw/Churn.csv.dvc', `outs:\n- md5: ${MD5_OF_A}\n  size: 1\n  path: Churn.csv\n`);
  write('dvc.lock', 'old');
});

test('a training on the tracked data, wherever they lie, names them, the code and the files', () => {
  write('elsewhere.csv', 'a');
  expect(refreshLock(join(folder, 'elsewhere.csv'), config, folder)).toContain(
    'commit it with models/champion',
  );
  expect(lock()).toContain(`- path: data/raw/Churn.csv\n      hash: md5\n      md5: ${MD5_OF_A}`);
  expect(lock().match(/9dd4e461268c8034f5c8564e155c67a6/g)).toHaveLength(4); // of x
});

test('new data in their place ask for `dvc add`; other data elsewhere, or other settings, leave the lock alone', () => {
  write('data/raw/Churn.csv', 'new');
  expect(refreshLock(join(folder, 'data/raw/Churn.csv'), config, folder)).toContain('first `dvc add');
  expect(lock()).toContain('22af645d1859cb5ca6da0c484f1f37ea'); // of new
  write('dvc.lock', 'old');
  write('elsewhere.csv', 'other');
  expect(refreshLock(join(folder, 'elsewhere.csv'), config, folder)).toContain(
    'stays as it is: it is about data',
  );
  const other = { ...config, resampling: { strategy: 'undersample', memoryBudgetMiB: 512 } } as const;
  expect(refreshLock(join(folder, 'data/raw/Churn.csv'), other, folder)).toContain(
    'the settings of the training',
  );
  expect(lock()).toBe('old');
});

test('a file of the stage that is not there leaves the lock alone: the training stands', () => {
  write('data/raw/Churn.csv', 'a');
  rmSync(join(folder, 'b.ts'));
  expect(refreshLock(join(folder, 'data/raw/Churn.csv'), config, folder)).toMatch(/stays as it is: .*b\.ts/);
  expect(lock()).toBe('old');
});

test('without a dvc.yaml there is nothing to say', () => {
  rmSync(join(folder, 'dvc.yaml'));
  expect(refreshLock(join(folder, 'a.ts'), config, folder)).toBeUndefined();
});
