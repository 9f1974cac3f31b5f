import { listOf } from '../schemas/record-frames.ts';
import { recordsOf } from '../schemas/records.ts';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readScore } from '../cli/consume.ts';
import { packageRoot } from '../cli/context.ts';
import { watchDrift } from '../cli/demo-drift.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { createMonitor } from '../consumers/monitor.ts';
import { createBinOf } from '../drift/bins.ts';
import type { MonitorState } from '../drift/monitor.ts';
import { psi } from '../drift/psi.ts';
import type { DriftRule } from '../drift/rule.ts';
import type { Manifest } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { DriftCounts, DriftVerdict } from '../schemas/generated.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { decodeOwn } from '../service/codecs.ts';
import { collect, createWorld, produceRaw, settled, type World } from './world.ts';

const CALM = 3000;
const DRIFTED = 9000;

function stream(): CustomerEvent[] {
  return [
    ...simulateEvents(CALM, 1, 'calm-'),
    ...simulateEvents(DRIFTED, 2, 'old-', { name: 'ageing', overEvents: 0 }),
  ].map(({ event }) => event);
}

/** Counts with the headers of their record. */
type Counted = DriftCounts & Pick<SourceRecord, 'headers'>;

/** All committed records of drift-counts, with their offsets. */
async function readCounts({ context }: World): Promise<Map<number, Counted>> {
  const counts = new Map<number, Counted>();
  const reader = await context.kafka.openReader(
    [context.config.topics.names.driftCounts],
    { fromBeginning: true },
    async (_, __, record) => {
      const { offset, headers } = record;
      counts.set(offset, { ...((await decodeOwn(record, context.registry)) as DriftCounts), headers });
    },
  );
  onTestFinished(() => reader.close());
  await settled(() => counts.size > 0, 'counts', 20_000, 3000);
  return counts;
}

/** What a monitor in memory says of the same counts, read in one go. */
async function undisturbed(
  counts: ReadonlyMap<number, Counted>,
  manifest: Manifest,
  rule: DriftRule,
): Promise<DriftVerdict[]> {
  const role = await createMonitor({
    rule,
    decodeCounts: ({ value }) => Promise.resolve(counts.get(Number(value))!),
    encodeVerdict: (verdict) => ({ value: JSON.stringify(verdict) }),
    encodeRequest: () => ({ value: '' }),
    findVerdict: () => Promise.resolve(undefined),
    manifestOf: () => Promise.resolve(manifest),
    refusedAt: () => undefined,
    topics: { driftVerdicts: 'verdicts', retrainEvents: 'requests' },
    mayOverlap: false,
    onVerdict: () => undefined,
    onSkipped: () => undefined,
  })(0, 0);
  const records = [...counts.keys()]
    .sort((a, b) => a - b)
    .map((offset) => ({
      offset,
      timestampMs: 0,
      key: null,
      value: Buffer.from(String(offset)),
      headers: counts.get(offset)!.headers,
    }));
  const { emit } = await role({ topic: 'counts', partition: 0, records: recordsOf(records) }, () =>
    Promise.resolve(),
  );
  return emit
    .filter(({ topic }) => topic === 'verdicts')
    .flatMap((emission) =>
      listOf(emission.records).map(({ value }) => JSON.parse(String(value)) as DriftVerdict),
    );
}

test(
  'counts are exact and verdicts follow from them, with the service killed twice on the way; one retrain event',
  { timeout: 150_000 },
  async () => {
    const world = await createWorld();
    const { context } = world;
    const { manifest } = await readRelease(join(packageRoot(), 'models/champion'));
    const all = stream();
    const byId = new Map(all.map((event) => [event.eventId, event]));
    const out = await collect(world);
    const watch = await watchDrift(context);
    onTestFinished(() => watch.close());

    let service = await world.start();
    const send = (from: number, to: number) =>
      produceRaw(
        world,
        all.slice(from, to).map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
      );
    for (const [from, to] of [
      [0, CALM],
      [CALM, 5000],
      [5000, all.length],
    ] as const) {
      // prettier-ignore
      await send(from, to);
      await settled(() => out.scores.length >= to - 700, 'most scores', 60_000, 0);
      await service.kill();
      service = await world.start();
    }
    await settled(
      () => out.scores.length >= all.length && watch.requests.length > 0,
      'all scores and the request',
      90_000,
      4000,
    );

    const scores = await Promise.all(out.scores.map((record) => readScore(record, context.registry)));
    const counts = await readCounts(world);
    expect(scores).toHaveLength(all.length);
    expect([...counts.values()].reduce((sum, { events }) => sum + events, 0)).toBe(all.length);

    // The whole stream counted again from the events themselves: equal integers.
    manifest.profile.features.forEach((profile, i) => {
      const binOf = createBinOf(profile);
      const again = new Array<number>(profile.counts.length).fill(0);
      for (const { eventId } of scores) again[binOf(byId.get(eventId)![profile.name] ?? null)]! += 1;
      const merged = again.map((_, bin) =>
        [...counts.values()].reduce((sum, { series }) => sum + series[i]!.counts[bin]!, 0),
      );
      expect([profile.name, merged]).toEqual([profile.name, again]);
    });

    // The verdict log is the one of a monitor that nobody disturbed.
    const expected = await undisturbed(counts, manifest, context.config.drift);
    await settled(() => watch.verdicts.length >= expected.length, 'the last verdicts', 30_000, 1500);
    expect(watch.verdicts).toEqual(expected);

    // Each verdict from the counts of its own offsets.
    const offsets = [...counts.keys()].sort((a, b) => a - b);
    let last = -1;
    for (const verdict of watch.verdicts) {
      expect(verdict.lastCountsOffset).toBeGreaterThan(last);
      last = verdict.lastCountsOffset;
      expectFollows(
        verdict,
        offsets
          .filter((o) => o >= verdict.firstCountsOffset && o <= verdict.lastCountsOffset)
          .map((o) => counts.get(o)!),
      );
    }
    expect(watch.verdicts.length).toBeGreaterThan(8);
    expect(watch.requests).toHaveLength(1);
    expect(watch.requests[0]).toMatchObject({ modelSha256: manifest.sha256, modelVersion: manifest.version });

    const metrics = await (await fetch(`http://127.0.0.1:${String(service.port)}/metrics`)).text();
    expect(metrics).toContain('model_prediction_drift');

    function expectFollows(verdict: DriftVerdict, parts: readonly DriftCounts[]): void {
      expect(parts.reduce((sum, { events }) => sum + events, 0)).toBe(verdict.events);
      const profiles = [...manifest.profile.features, manifest.profile.score];
      profiles.forEach((profile, i) => {
        const sums = profile.counts.map((_, bin) =>
          parts.reduce((sum, { series }) => sum + series[i]!.counts[bin]!, 0),
        );
        expect(verdict.psi[i]!.psi).toBe(psi(profile.counts, sums));
      });
      const state = JSON.parse(verdict.state) as MonitorState;
      expect(state.panes.reduce((sum, { events }) => sum + events, 0)).toBe(verdict.events);
    }
  },
);
