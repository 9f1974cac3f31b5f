/** What others publish is named by what it holds, not by a name that they can move; and a pull request's jobs cannot write. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';

const read = (path: string): string => readFileSync(path, 'utf8');
const compose = read('docker-compose.yml');
const pins = [...compose.matchAll(/\$\{([A-Z_]+_IMAGE):-([^}]+)\}/g)].filter(
  ([, name]) => name !== 'BANKCHURN_IMAGE',
);

/** SECURITY.md says why: nobody has published their digests, and no registry could be asked. */
const WITHOUT_DIGEST = ['apicurio/apicurio-registry-mem:2.6.13.Final', 'ghcr.io/mlflow/mlflow:v3.8.1'];

test('images are named by digest, those on a list apart', () => {
  expect(pins).toHaveLength(7);
  const open = pins.map(([, , image]) => image!).filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image));
  expect(open).toEqual(WITHOUT_DIGEST);
  for (const image of open) expect(read('SECURITY.md')).toContain(image);
  // The build takes the tags of the Dockerfile, with their digests.
  for (const [, name, tag] of read('Dockerfile').matchAll(/^ARG ([A-Z]+_IMAGE)=(.+)$/gm))
    expect(compose).toContain(`\${${name!}:-${tag!}@sha256:`);
});

interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly uses?: string; readonly with?: Readonly<Record<string, unknown>> }[];
}
const workflows = readdirSync('.github/workflows').map((name) => read(`.github/workflows/${name}`));

test('actions are named by commit, with the version beside it, and leave no token in the tree', () => {
  for (const workflow of workflows) {
    const uses = workflow.match(/uses:.*/g) ?? [];
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((line) => !/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
    const { jobs } = parse(workflow) as { jobs: Readonly<Record<string, Job>> };
    const checkouts = Object.values(jobs).flatMap(({ steps }) => steps.filter(({ uses: used = '' }) => used.startsWith('actions/checkout@'))); // prettier-ignore
    for (const step of checkouts) expect(step.with).toMatchObject({ 'persist-credentials': false });
  }
});

test('only a pushed tag may write', () => {
  for (const workflow of workflows) {
    const { permissions, jobs } = parse(workflow) as {
      permissions: unknown;
      jobs: Readonly<Record<string, Job>>;
    };
    expect(permissions).toEqual({ contents: 'read' });
    for (const [name, job] of Object.entries(jobs)) {
      if (!Object.values(job.permissions ?? {}).includes('write')) continue;
      expect([name, job.if]).toEqual([name, "github.event_name == 'push' && github.ref_type == 'tag'"]);
    }
  }
});

/** Runs the script in a copy, with a `docker` that answers as `script` says. */
function run(
  command: string,
  script: string,
): { status: number | null; stdout: string; stderr: string; compose: string } {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-pins-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, '.ci'));
  cpSync('.ci/pins.sh', join(folder, '.ci/pins.sh'));
  cpSync('docker-compose.yml', join(folder, 'docker-compose.yml'));
  writeFileSync(join(folder, 'docker'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'docker'), 0o755);
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  const { status, stdout, stderr } = spawnSync(join(folder, '.ci/pins.sh'), [command], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr, compose: read(join(folder, 'docker-compose.yml')) };
}

test('`make pins` writes every digest; without a registry it fails and changes nothing', () => {
  const digest = `sha256:${'0a'.repeat(32)}`;
  const updated = run('update', `echo ${digest}`);
  expect(updated.status).toBe(0);
  expect(updated.compose.split(digest)).toHaveLength(pins.length + 1);
  expect(updated.compose.replace(/@sha256:\w+/g, '')).toBe(compose.replace(/@sha256:\w+/g, ''));
  const failed = run('update', 'exit 1');
  expect([failed.status, failed.compose]).toEqual([1, compose]);
});

test('`make check` names what has no digest; an image that was built here may take the place of a pinned one', () => {
  const check = run('check', 'exit 1');
  expect(check.status).toBe(0);
  for (const image of WITHOUT_DIGEST) expect(check.stderr).toContain(`${image} has no digest`);
  const built = run(
    'local',
    'case $* in *apache/kafka:4.3.1) echo 0 ;; *prometheus*) echo 1 ;; *) exit 1 ;; esac',
  );
  expect(built.stdout).toBe('export KAFKA_IMAGE=apache/kafka:4.3.1\n');
});
