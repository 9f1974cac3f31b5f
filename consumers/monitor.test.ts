import { expect, test } from 'vitest';
import { profileNumbers } from '../drift/bins.ts';
import type { Manifest } from '../models/manifest.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { DriftCounts, DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import type { Batch, Decision } from '../schemas/ports.ts';
import { createMonitor, type MonitorPorts } from './monitor.ts';

const training = profileNumbers('age', [...Array(1000).keys()]);
const manifest = {
  version: 'v1',
  sha256: 'm',
  profile: { rows: 1000, features: [training], score: { ...training, name: 'score' } },
} as unknown as Manifest;
const even = [...new Array<number>(10).fill(10), 0, 0, 0];
const shifted = [...new Array<number>(5).fill(0), ...new Array<number>(5).fill(20), 0, 0, 0];

const record = (counts: readonly number[]): DriftCounts => ({
  modelSha256: 'm', activation: -1, sourceTopic: 't', sourcePartition: 0, firstOffset: 0, lastOffset: 99, maxTimestamp: 5, events: 100,
  series: [{ name: 'age', counts, contributionSum: 0 }, { name: 'score', counts: even, contributionSum: 0 }],
}); // prettier-ignore

function ports(lastVerdict: DriftVerdict | undefined, knows = true): MonitorPorts {
  return {
    rule: { paneEvents: 500, windowPanes: 4, minEvents: 1000, threshold: 0.2, persistence: 3 },
    decodeCounts: ({ value }) => Promise.resolve(JSON.parse(String(value)) as DriftCounts),
    encodeVerdict: (verdict) => ({ value: JSON.stringify(verdict) }),
    encodeRequest: (request) => ({ value: JSON.stringify(request) }),
    lastVerdict: () => Promise.resolve(lastVerdict),
    manifestOf: () =>
      knows ? Promise.resolve(manifest) : Promise.reject(new BankChurnError('MODEL_UNAVAILABLE', 'unknown')),
    topics: { driftVerdicts: 'verdicts', retrainEvents: 'retrain' },
    onVerdict: () => undefined,
  };
}

const alone = (): Promise<void> => Promise.resolve();
const batch = (from: number, records: readonly DriftCounts[]): Batch => ({
  topic: 'drift-counts',
  partition: 0,
  records: records.map((counts, i) => ({
    offset: from + i,
    timestampMs: 0,
    key: null,
    value: Buffer.from(JSON.stringify(counts)),
    headers: {},
  })),
});
const emitted = <T>({ emit }: Decision, topic: string): T[] =>
  emit
    .filter((emission) => emission.topic === topic)
    .flatMap(({ records }) => records.map(({ value }) => JSON.parse(String(value)) as T));

const stream = [
  ...new Array<DriftCounts>(12).fill(record(even)),
  ...new Array<DriftCounts>(40).fill(record(shifted)),
];

test('nothing is committed before a pane closes, and then only up to its last record', async () => {
  const role = await createMonitor(ports(undefined))(0, 0);
  expect(await role(batch(0, stream.slice(0, 4)), alone)).toMatchObject({ emit: [], commit: undefined });
  const decision = await role(batch(4, stream.slice(4, 8)), alone);
  expect(decision.commit).toBe(5);
  expect(emitted<DriftVerdict>(decision, 'verdicts')).toMatchObject([
    { firstCountsOffset: 0, lastCountsOffset: 4, events: 500, drifted: false },
  ]);
});

test('a crash after any batch: verdicts and the one request are the same', async () => {
  const whole = await (await createMonitor(ports(undefined))(0, 0))(batch(0, stream), alone);
  const expected = emitted<DriftVerdict>(whole, 'verdicts');
  expect(emitted<RetrainRequested>(whole, 'retrain')).toHaveLength(1);
  expect(emitted<RetrainRequested>(whole, 'retrain')[0]).toMatchObject({
    requestId: 'm/-1',
    modelVersion: 'v1',
    requestedAt: 5,
  });
  for (const size of [1, 3, 7]) {
    let committed = 0;
    const verdicts: DriftVerdict[] = [];
    const requests: RetrainRequested[] = [];
    for (let lives = 0; lives < 60 && committed < 50; lives++) {
      const role = await createMonitor(ports(verdicts[verdicts.length - 1]))(0, committed);
      for (let from = committed; from < stream.length; from += size) {
        const decision = await role(batch(from, stream.slice(from, from + size)), alone);
        if (decision.commit === undefined) continue;
        committed = decision.commit;
        verdicts.push(...emitted<DriftVerdict>(decision, 'verdicts'));
        requests.push(...emitted<RetrainRequested>(decision, 'retrain'));
        break; // killed right after the commit
      }
    }
    expect(verdicts).toEqual(expected);
    expect(requests).toHaveLength(1);
  }
});

test('an unknown model makes the monitor wait; a group set elsewhere begins anew', async () => {
  const role = await createMonitor(ports(undefined, false))(0, 0);
  await expect(role(batch(0, stream), alone)).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  const first = emitted<DriftVerdict>(
    await (
      await createMonitor(ports(undefined))(0, 0)
    )(batch(0, stream), alone),
    'verdicts',
  );
  const elsewhere = await createMonitor(ports(first[first.length - 1]))(0, 20);
  const [verdict] = emitted<DriftVerdict>(
    await elsewhere(batch(20, stream.slice(20, 25)), alone),
    'verdicts',
  );
  expect(verdict).toMatchObject({ firstCountsOffset: 20, events: 500 });
});
