/** Whatever a record makes of our own code or of our outputs: it leaves alone, and its neighbours are scored. */
import { createHash } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import { produceGzip, setTopicSetting } from '../kafka/kafkajs/cluster.fixture.ts';
import { createLog } from '../service/serve.io.ts';
import { createMetrics } from '../service/metrics.io.ts';
import { keepServing } from '../service/model-follower.io.ts';
import { startRole } from '../service/roles.io.ts';
import type { Wrap } from '../service/role-settings.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { collect, createWorld, events, produceRaw, settled, type RawRecord, type World } from './world.ts';

const json = (event: object): string => JSON.stringify(event);
const toRecords = (all: readonly { readonly customerId: string }[]): RawRecord[] =>
  all.map((event) => ({ key: event.customerId, value: json(event) }));

/** The scorer in this process, with its ports wrapped. */
function startScorer({ context }: World, wrap: Wrap): { text(): Promise<string>; fatal: unknown[] } {
  const log = createLog('ERROR');
  const metrics = createMetrics();
  const fatal: unknown[] = [];
  const modelLog = modelLogOf(context);
  const giveUp = (error: unknown): void => void fatal.push(error);
  const source = 'image' as const;
  const models = keepServing({
    ...{ modelDir: 'models/champion', source, scores: true, allowSimulated: false, log, metrics, modelLog },
    customer: context.config.customer,
    fatal: giveUp,
  });
  const role = startRole('scorer', {
    ...context,
    metrics,
    log,
    models,
    concerns: { deadLetterShare: undefined, warnings: [] },
    isAlone: true,
    fatal: (error) => fatal.push(error),
    wrap,
  });
  onTestFinished(async () => {
    await role.stop();
    await models.stop();
    metrics.close();
  });
  return { text: () => metrics.registry.metrics(), fatal };
}

test(
  'a role that throws for one record in 1,000: those are dead letters, all others are scored, in order',
  { timeout: 120_000 },
  async () => {
    const world = await createWorld({ registry: false });
    const all = events(12_000);
    const bad = new Set(all.filter((_, i) => i % 1000 === 500).map(({ eventId }) => eventId));
    const scorer = startScorer(world, {
      ports: (ports) => ({
        ...ports,
        openRole: async (...where) => {
          const role = await ports.openRole(...where);
          return (batch, keepAlive) => {
            for (const { value } of batch.records)
              if (bad.has((JSON.parse(String(value)) as { eventId: string }).eventId))
                throw new TypeError("Cannot read properties of undefined (reading 'x')");
            return role(batch, keepAlive);
          };
        },
      }),
    });
    const out = await collect(world);
    await produceRaw(world, toRecords(all));
    await settled(() => out.scores.length + out.deadLetters.length >= all.length, 'all outputs', 60_000);
    const idOf = (value: Buffer | null): string => (JSON.parse(String(value)) as { eventId: string }).eventId;
    expect(new Set(out.deadLetters.map(({ value }) => idOf(value)))).toEqual(bad);
    expect(out.deadLetters).toHaveLength(bad.size);
    expect(new Set(out.scores.map(({ value }) => idOf(value))).size).toBe(all.length - bad.size);
    expect(out.scores).toHaveLength(all.length - bad.size);
    for (const { headers } of out.deadLetters)
      expect(headers).toMatchObject({ 'error-code': Buffer.from('PROCESSING_FAILED') });
    expect(await scorer.text()).toContain('churn_dead_letters_total{code="PROCESSING_FAILED"} 12');
    expect(scorer.fatal).toEqual([]);
  },
);

test(
  'outputs that a topic finds too large are sent in smaller parts, whether its limit was known or not',
  { timeout: 120_000 },
  async () => {
    const world = await createWorld({
      registry: false,
      settings: {
        churnScores: { 'max.message.bytes': '60000' },
        deadLetters: { 'max.message.bytes': '20000' },
        modelArtifacts: { 'max.message.bytes': '50000', 'retention.ms': '-1' },
      },
    });
    const service = await world.start();
    const out = await collect(world);
    const trace = 'x'.repeat(2000);
    const good = toRecords(events(6000)).map((record) => ({ ...record, headers: { traceparent: trace } }));
    const bad = Array.from({ length: 1000 }, (_, i) => ({ key: `bad-${String(i)}`, value: `no JSON ${String(i)}`, headers: { large: 'h'.repeat(3000) } })); // prettier-ignore
    await produceRaw(world, [...good, ...bad]);
    await settled(() => out.scores.length >= 6000 && out.deadLetters.length >= 1000, 'all outputs', 60_000);
    const { churnScores } = world.context.config.topics.names;
    await setTopicSetting(inject('kafka').brokers, churnScores, 'max.message.bytes', '30000');
    await produceRaw(world, toRecords(events(6000, 8)));
    await settled(() => out.scores.length >= 12_000, 'scores after the limit was lowered', 60_000);
    expect([out.scores.length, out.deadLetters.length]).toEqual([12_000, 1000]);
    expect(out.deadLetters.every(({ headers }) => headers['dead-letter-cut'] === undefined)).toBe(true);
    expect((await fetch(`http://127.0.0.1:${String(service.port)}/health`)).status).toBe(200);
  },
);

test(
  '2 MB of JSON that came as 2 KB of gzip: a cut dead letter, its neighbours are scored',
  { timeout: 60_000 },
  async () => {
    const world = await createWorld({ registry: false, settings: { deadLetters: {} } });
    await world.start();
    const out = await collect(world);
    const [first, last] = events(2);
    const large = `{"eventId":"${'x'.repeat(2_000_000)}"}`;
    const { customerEvents } = world.context.config.topics.names;
    await produceGzip(inject('kafka').brokers, customerEvents, 0, [json(first!), large, json(last!)]);
    await settled(
      () => out.scores.length >= 2 && out.deadLetters.length >= 1,
      'two scores and a dead letter',
      20_000,
    );
    const [letter] = out.deadLetters;
    expect(String(letter!.headers['error-code'])).toBe('RECORD_TOO_LARGE');
    expect(String(letter!.headers['original-size'])).toBe(String(large.length));
    expect(String(letter!.headers['original-sha256'])).toBe(createHash('sha256').update(large).digest('hex'));
    expect(large.startsWith(String(letter!.value))).toBe(true);
  },
);
