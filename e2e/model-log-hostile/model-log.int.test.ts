/** Hostile and broken records of the model log and releases: scoring goes on, the operator's commands work, and a restart changes nothing. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { packageRoot } from '../../cli/context.ts';
import { programArguments } from '../../cli/service-process.io.ts';
import type { ModelLog } from '../../models/log.ts';
import { sectionOf, withSection } from '../bad-inputs/section.ts';
import { ACTIVATIONS } from './activations.ts';
import type { LogCase } from './log-case.ts';
import { RECORDS } from './records.ts';
import { RELEASES } from './releases.ts';
import { openSite, type Site } from './site.ts';

const CASES: readonly LogCase[] = [...RECORDS, ...RELEASES, ...ACTIVATIONS];
const DOCUMENT = 'docs/model-log-cases.md';
const SECTION = 'model log';

let site: Site;
const ends: (() => void | Promise<void>)[] = [];
const back = new Map<LogCase, string>();
beforeAll(async () => {
  site = await openSite((end) => void ends.unshift(end));
}, 120_000);
afterAll(async () => {
  for (const end of ends) await end();
});

/** The name of the table for the model of a version: A, or what its data set is called. */
const nameOf = (version = 'nothing'): string =>
  version === site.lab.a.manifest.version ? 'A' : version.replace(/-[0-9a-f]{8}$/, '');

/** Reasons without what differs from run to run. */
const steady = (reason: string): string =>
  reason
    .replaceAll(site.world.env['TOPIC_PREFIX']!, '')
    .replaceAll(/-[0-9a-f]{8}\b/g, '')
    .replaceAll(/[0-9a-f]{12,64}/g, '…')
    .replaceAll(/\b\d{2,}\b/g, 'N')
    .replaceAll(/offsets \w+ to \w+/g, 'offsets N to N')
    .replaceAll(/ \(line \w+ column \w+\)/g, '') // Node 22 and later
    .split('\n')
    .slice(0, 1)
    .join('')
    .slice(0, 160);

/** Records skipped since the start, by code, as the metrics have them. */
async function skippedCounts(): Promise<Map<string, number>> {
  const { values } = await site.metrics.recordsSkipped.get();
  return new Map(values.map(({ labels, value }) => [String(labels.code), value]));
}

test.each(CASES.map((one) => [`${one.kind}: ${one.input}`, one] as const))(
  '%s',
  { timeout: 30_000 },
  async (_, one) => {
    const before = await skippedCounts();
    await one.write(site.lab);
    const expected = one.serves ?? 'A';
    await vi.waitFor(
      async () => {
        expect(nameOf(site.models.current()?.model.manifest.version)).toBe(expected);
        if (one.refused !== undefined) expect(site.models.refused()?.reason).toMatch(one.refused);
        const counts = await skippedCounts();
        for (const code of one.skipped ?? []) expect(counts.get(code)).toBe((before.get(code) ?? 0) + 1);
      },
      { timeout: 40_000, interval: 20 },
    );
    const refused = site.models.refused();
    if (one.refused === undefined) expect(refused).toBeUndefined();
    expect(nameOf(await site.scored())).toBe(expected);

    const log = await site.logUpTo(site.lab.lastOffset());
    const text = await site.commands(log);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(text).toContain('nothing is written');
    const again = await site.restarted(log);
    expect(nameOf(again.version)).toBe(expected);
    expect(again.refused?.version).toBe(refused?.version);
    expect(steady(again.refused?.reason ?? '')).toBe(steady(refused?.reason ?? ''));

    const words = (one.skipped ?? []).map((code) => `skipped: \`${code}\``);
    if (refused !== undefined) words.push(`refused: ${steady(refused.reason)}`);
    back.set(one, [...words, `${expected} serves`].join('; '));

    const offset = await site.lab.log(site.lab.record('ACTIVATION', site.lab.a));
    await vi.waitFor(() => expect(site.models.current()?.activation).toBe(offset), 20_000);
    expect(site.fatal).toEqual([]);
  },
);

test('docs/model-log-cases.md is made of what came back', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(40);
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const table = [
    '| what is written | | what comes back |',
    '| --- | --- | --- |',
    ...CASES.map((one) => `| ${one.kind} | ${cell(one.input)} | ${cell(back.get(one) ?? 'not run')} |`),
  ].join('\n');
  const document = readFileSync(DOCUMENT, 'utf8');
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOCUMENT, withSection(document, SECTION, table));
  else expect(sectionOf(document, SECTION)).toBe(table);
});

test(
  'after all of it a service starts, and the commands of the program work',
  { timeout: 300_000 },
  async () => {
    const { world, lab } = site;
    const bankchurn = async (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
      promisify(execFile)(process.execPath, [...programArguments(), ...args], {
        ...{ env: { ...process.env, ...world.env }, cwd: packageRoot(), maxBuffer: 64 * 1024 * 1024 },
      });
    for (const one of CASES) if (one.serves === undefined && one.refused !== undefined) await one.write(lab);
    const isTold = (newest: ModelLog): boolean => newest.outcomes.has(newest.activations.at(-1)!.offset);
    await vi.waitFor(async () => expect(isTold(await site.modelLog.read())).toBe(true), { timeout: 120_000, interval: 1000 }); // prettier-ignore
    const service = await world.start({}, ['scorer']);
    const health = async (): Promise<Record<string, unknown>> =>
      (await (await fetch(`http://127.0.0.1:${String(service.port)}/health`)).json()) as Record<string, unknown>; // prettier-ignore
    await vi.waitFor(async () => expect((await health())['model_version']).toBe(lab.a.manifest.version), { timeout: 60_000, interval: 200 }); // prettier-ignore
    // It serves at once, and looks at the newer ones then.
    await vi.waitFor(async () => expect((await health())['model_fault']).toMatch(/is refused/), { timeout: 120_000, interval: 500 }); // prettier-ignore

    const listed = await bankchurn('models', 'list', '--json');
    expect(listed.stderr).toMatch(/records of .* cannot be read and were skipped \(.*RECORD_INVALID/);
    expect(JSON.parse(listed.stdout)).toMatchObject({ held: true });
    expect((await bankchurn('models', 'history')).stdout).toMatch(/REFUSED/);
    expect((await bankchurn('models', 'at', new Date().toISOString())).stdout).toContain(lab.a.manifest.version); // prettier-ignore

    const good = lab.variant('last');
    await lab.log(lab.record('RELEASE', good, { manifest: JSON.stringify(good.manifest), ...(await lab.bytes(lab.bytesOf(good))) })); // prettier-ignore
    const activated = await bankchurn('models', 'activate', good.manifest.version, '--reason', 'a test');
    expect(activated.stderr).toContain(`served by`);
    expect((await health())['model_version']).toBe(good.manifest.version);
    const back = await bankchurn('models', 'rollback', '--reason', 'a test');
    expect(back.stderr).toContain(lab.a.manifest.version);
    expect((await health())['model_version']).toBe(lab.a.manifest.version);
  },
);
