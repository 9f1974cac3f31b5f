/** The trainer with a model log in memory. */
import { NO_EVIDENCE } from '../drift/verdict-records.fixture.ts';
import { expect } from 'vitest';
import type { LogChange } from '../models/log-decisions.ts';
import { changeRecords } from '../models/log-records.ts';
import { EMPTY_LOG, foldRecord, type ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import type { ModelRecord, RetrainRequested } from '../schemas/generated.ts';
import { checkOwn, parseOwn } from '../schemas/own.ts';
import type { Batch } from '../schemas/ports.ts';
import { recordsOf } from '../schemas/records.ts';
import type { LabelledEvent } from '../training/labels.ts';
import { createTrainer, type TrainerPorts, type TrainerRule } from './trainer.ts';

export const REQUEST: RetrainRequested = {
  ...NO_EVIDENCE,
  requestId: 'champion/1',
  modelVersion: 'v-champion',
  modelSha256: 'champion',
  activation: 1,
  countsOffset: 10,
  requestedAt: 1000,
  reason: 'PSI',
  scorePsi: 0.3,
  maxFeaturePsi: 0.5,
  events: 4000,
  driftSince: null,
};

/** A model log in memory that serves the champion, and what the trainer does with it. */
export class World {
  readonly records: ModelRecord[] = [];
  log: ModelLog = EMPTY_LOG;
  now = 2000;
  labels = 1000;
  /** One in so many left. */
  oneIn = 2;
  passes = true;
  trained = 0;
  sleeps: number[] = [];
  results: string[] = [];
  waiting: (number | undefined)[] = [];
  /** Before a challenge is done. */
  onTraining: () => void | Promise<void> = () => undefined;
  onSleep: () => void = () => undefined;
  constructor() {
    this.append('RELEASE', 'champion', 'IMAGE');
    this.append('ACTIVATION', 'champion', 'IMAGE');
  }
  append(
    kind: ModelRecord['kind'],
    sha256: string,
    origin: ModelRecord['origin'],
    answer: Partial<LogChange> = {},
  ): void {
    const brings = kind === 'RELEASE';
    const change = {
      release: brings,
      version: `v-${sha256}`,
      sha256,
      ...answer,
      kinds: brings ? [] : [kind],
    };
    const brought = brings ? { manifest: '{}', artifact: { offset: 0, chunks: 1 } } : undefined;
    for (const record of changeRecords(change, { origin, actor: 'test', recordedAt: this.now, brought })) {
      this.log = foldRecord(this.log, this.records.length, record);
      this.records.push(record);
    }
  }
  write(decide: (log: ModelLog) => LogChange): { change: LogChange } {
    const change = decide(this.log);
    if (change.release) this.append('RELEASE', change.sha256, 'GATE', change);
    for (const kind of change.kinds) this.append(kind, change.sha256, 'GATE', change);
    return { change };
  }
  rule: TrainerRule = {
    ...{ minRecentLabels: 1000, minLeavers: 150, activation: 'auto' },
    ...{ retryMs: { first: 5000, longest: 20_000 }, expiryMs: 3_600_000 },
  };
  async sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.now += ms;
    this.onSleep();
    await new Promise((resolve) => setImmediate(resolve));
  }
  ports(): TrainerPorts {
    const rows = (n: number): LabelledEvent[] =>
      Array.from({ length: n }, (_, i) => {
        const event = { customerId: `c${String(i)}` };
        return { event, churned: i % this.oneIn === 0 } as LabelledEvent;
      });
    return {
      decodeRequest: async ({ value }) => {
        await Promise.resolve();
        return checkOwn('RetrainRequested', parseOwn(value!)) as RetrainRequested;
      },
      readLog: () => Promise.resolve(this.log),
      collect: () => Promise.resolve({ train: rows(2000), holdout: rows(this.labels) }),
      challenge: async () => {
        this.trained += 1;
        await this.onTraining();
        const sha256 = `challenger-${String(this.trained)}`;
        const release = { manifest: { version: `v-${sha256}`, sha256 } } as Release;
        return { release, passed: this.passes, reason: 'figures', report: '{"figures":1}' };
      },
      write: (decide) => Promise.resolve(this.write(decide)),
      clock: {
        now: () => this.now,
        sleep: () => new Promise((resolve) => setImmediate(resolve)),
      },
      untilChange: (ms) => this.sleep(ms),
      rule: this.rule,
      onResult: (result) => this.results.push(result),
      onWaiting: (sinceMs) => this.waiting.push(sinceMs),
      onSkipped: (_, { code }) => this.results.push(code),
    };
  }
  /** What was added since the champion serves. */
  added(): string[] {
    return this.records.slice(2).map(({ kind, modelSha256 }) => `${kind} ${modelSha256}`);
  }
  async answer(...requests: readonly unknown[]): Promise<number | undefined> {
    const role = await createTrainer(this.ports())(0, 0);
    const texts = (requests.length === 0 ? [REQUEST] : requests).map((request) =>
      typeof request === 'string' ? request : JSON.stringify(request),
    );
    const records = texts.map((text, offset) => ({
      offset,
      timestampMs: 0,
      key: null,
      value: Buffer.from(text),
      headers: {},
    }));
    const batch: Batch = { topic: 'retrain-events', partition: 0, records: recordsOf(records) };
    const decision = await role(batch, () => Promise.resolve());
    expect(decision.emit).toEqual([]);
    return decision.commit;
  }
}
