import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { SCHEMAS } from '../schemas/generated.ts';
import { BANK_AVRO } from '../schemas/customer/bank.fixture.ts';
import { eventEncoder } from '../cli/encoders.ts';
import { avroType } from '../schemas/avro.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { collect, createWorld, events, produceRaw, settled, type RawRecord } from './world.ts';

const GOOD = 1000;
const json = (event: object): string => JSON.stringify(event);
const [one] = events(1, 99) as [CustomerEvent];

/** Thirty bad records of fifteen kinds, each with the code it must get. */
async function badRecords(
  encode: (event: CustomerEvent) => Buffer | string,
  foreignId: number,
): Promise<[code: string, record: RawRecord][]> {
  const avro = encode(one) as Buffer;
  const unknownId = Buffer.from(avro);
  unknownId.writeUInt32BE(987_654, 1);
  const foreign = Buffer.from(avro);
  foreign.writeUInt32BE(foreignId, 1);
  const nan = Buffer.concat([avro.subarray(0, 5), avroType(BANK_AVRO).toBuffer({ ...one, balance: NaN })]);
  const kinds: [string, RawRecord][] = [
    ['RECORD_UNDECODABLE', { value: avro.subarray(0, avro.length - 9) }],
    ['RECORD_UNDECODABLE', { value: Buffer.concat([avro, Buffer.from([1, 2, 3])]) }],
    ['RECORD_UNDECODABLE', { value: Buffer.from([7, ...avro.subarray(1)]) }],
    ['SCHEMA_UNKNOWN', { value: unknownId }],
    ['SCHEMA_FOREIGN', { value: foreign }],
    ['RECORD_EMPTY', { value: Buffer.alloc(0) }],
    ['RECORD_UNDECODABLE', { value: '{"eventId": "x", ' }],
    ['RECORD_INVALID', { value: '{"hello": [1, 2, 3]}' }],
    ['RECORD_INVALID', { value: nan }],
    ['RECORD_INVALID', { value: json({ ...one, age: 200 }) }],
    ['RECORD_INVALID', { value: json({ ...one, balance: -1 }) }],
    ['RECORD_INVALID', { value: json({ ...one, customerId: undefined }) }],
    ['RECORD_INVALID', { value: json({ ...one, creditScore: 'six hundred' }) }],
    ['RECORD_TOO_LARGE', { value: randomBytes(900 * 1024) }],
    [
      'RECORD_UNDECODABLE',
      {
        value: 'plain words',
        headers: { constructor: 'a', __proto__x: 'b', toString: 'c', traceparent: '00-ab-cd-01' },
      },
    ],
  ];
  return Promise.resolve(
    [...kinds, ...kinds].map(([code, record], i) => [code, { key: `bad-${String(i)}`, ...record }]),
  );
}

test(
  '1,000 good events and 30 bad ones: 1,000 scores, 30 dead letters with reason, origin and their bytes',
  { timeout: 90_000 },
  async () => {
    const world = await createWorld();
    const encode = await eventEncoder(world.context, 'avro');
    const { names } = world.context.config.topics;
    const foreignId = await world.context.registry!.schemaId(
      `${names.churnScores}-value`,
      SCHEMAS.ChurnScore,
      'FULL_TRANSITIVE',
    );
    const bad = await badRecords(encode, foreignId);
    const good: RawRecord[] = events(GOOD).map((event, i) => ({
      key: event.customerId,
      value: i % 2 === 0 ? encode(event) : json(event),
    }));
    bad.forEach(([, record], i) => good.splice(i * 33, 0, record));
    const service = await world.start();
    const out = await collect(world);
    await produceRaw(world, good);
    await settled(
      () => out.scores.length >= GOOD && out.deadLetters.length >= bad.length,
      'scores and dead letters',
    );

    expect(out.scores).toHaveLength(GOOD);
    expect(out.deadLetters).toHaveLength(bad.length);
    const byKey = new Map(out.deadLetters.map((letter) => [String(letter.key), letter]));
    for (const [code, { key, value, headers }] of bad) {
      const letter = byKey.get(String(key))!;
      expect([key, String(letter.headers['error-code'])]).toEqual([key, code]);
      expect(Buffer.compare(letter.value!, Buffer.from(value as Buffer))).toBe(0);
      expect(String(letter.headers['error-message']).length).toBeGreaterThan(5);
      expect(String(letter.headers['source-topic'])).toBe(names.customerEvents);
      expect(String(letter.headers['source-offset'])).toMatch(/^\d+$/);
      expect(String(letter.headers['source-partition'])).toMatch(/^\d+$/);
      for (const [name, text] of Object.entries(headers ?? {}))
        expect([name, String(letter.headers[name])]).toEqual([name, String(text)]);
    }

    const health = await fetch(`http://127.0.0.1:${String(service.port)}/health`);
    expect(health.status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${String(service.port)}/metrics`)).text();
    expect(metrics).toContain('churn_events_total{result="scored"} 1000');
    expect(metrics).toContain('churn_events_total{result="dead_letter"} 30');
    expect(metrics).toContain('churn_partition_rearms_total 0');
    await expectCommitted(world.context, GOOD + bad.length);
  },
);

/** The group's committed offsets cover every record. */
async function expectCommitted(
  { kafka, config }: Awaited<ReturnType<typeof createWorld>>['context'],
  total: number,
): Promise<void> {
  const { customerEvents } = config.topics.names;
  const committed = await kafka.administer((admin) => admin.committedOffsets(config.group, customerEvents));
  expect([...committed.values()].reduce((sum, { offset }) => sum + offset, 0)).toBe(total);
}

test(
  'a missing value and an unseen country are scored; a tombstone is ignored',
  { timeout: 60_000 },
  async () => {
    const world = await createWorld({ registry: false });
    await world.start();
    const out = await collect(world);
    await produceRaw(world, [
    { key: 'a', value: json({ ...one, eventId: 'missing', age: null, geography: null }) },
    { key: 'b', value: json({ ...one, eventId: 'unseen', geography: 'Atlantis', numOfProducts: 5, age: 120 }) },
    { key: 'c', value: null },
    { key: 'd', value: json({ EventId: 'columns', CustomerId: 15634602, OccurredAt: '2026-01-01T00:00:00Z', CreditScore: 619, Geography: 'France', HasCrCard: 1, IsActiveMember: 0 }) },
  ]); // prettier-ignore
    await settled(() => out.scores.length >= 3, 'three scores');
    expect(
      out.scores.map(({ value }) => (JSON.parse(String(value)) as { eventId: string }).eventId).sort(),
    ).toEqual(['columns', 'missing', 'unseen']);
    expect(out.deadLetters).toHaveLength(0);
  },
);
