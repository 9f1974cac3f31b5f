/** Where odd records are tried: two running scorers, a registry that can misbehave, and one case after the other between good events. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { BANK_AVRO } from '../../schemas/customer/bank.fixture.ts';
import { batchOf } from '../../kafka/kafkajs/record-batches.fixture.ts';
import type { RecordFields } from '../../kafka/kafkajs/patches/record-encoding.ts';
import { createAvroEncoder } from '../../schemas/avro.ts';
import type { CustomerEvent } from '../../schemas/customer/schema.ts';
import type { ChurnScore } from '../../schemas/generated.ts';
import { createWorld, type OnEnd, type World } from '../world.ts';
import { startFrontRegistry, type FrontRegistry } from './front-registry.ts';
import { OCCURRED_AT, type Lab, type RecordCase } from './record-case.ts';
import { openSite, type Site } from './site.ts';

type Place = readonly [partition: number, offset: number];

/** What was written for a case. */
export interface Written {
  readonly site: Site;
  readonly partition: number;
  readonly sentAt: number;
  /** Offsets of the good events before and behind it. */
  readonly goods: readonly number[];
  /** Offsets of the odd records; none if the broker does not write them. */
  readonly odd: readonly number[];
  /** Of the odd batch, or of the one that the odd record is in. */
  readonly errorCode: number;
  /** The odd record. */
  readonly record: RecordFields;
  /** The odd batch as it lies in the log. */
  readonly batch: Buffer | undefined;
}

type DecodedScore = Pick<ChurnScore, 'churnProbability' | 'occurredAt'>;

export interface RecordLab extends Lab {
  readonly sites: readonly Site[];
  /** Writes a case between good events. */
  write(one: RecordCase): Promise<Written>;
  /** Writes a good event to each of the other partitions. */
  writeElsewhere(written: Written): Promise<{ readonly sentAt: number; readonly goods: readonly Place[] }>;
  /** The registry answers as it should. */
  mend(): void;
  /** A committed score. */
  decode(value: Buffer): Promise<DecodedScore>;
}

/** Each event has ids of its own and the same inputs. */
const good = (number: number): CustomerEvent => ({
  eventId: `e${String(number)}`,
  customerId: `c${String(number)}`,
  occurredAt: OCCURRED_AT,
  creditScore: 642,
  geography: 'France',
  gender: 'Female',
  age: 41,
  tenure: 3,
  balance: 1250.5,
  numOfProducts: 2,
  hasCrCard: true,
  isActiveMember: false,
  estimatedSalary: 54_321.5,
});

/** Of the usual topic of events: batches of 40 MiB of zeros in snappy fit. */
const MOST_BYTES = 4_194_304;

async function openSites(front: FrontRegistry, onEnd: OnEnd): Promise<{ usual: World; sites: Site[] }> {
  const env = { SCHEMA_REGISTRY_URL: front.url };
  const customerEvents = { 'max.message.bytes': String(MOST_BYTES) };
  const usual = await createWorld({ env, settings: { customerEvents }, onEnd });
  const strict = await createWorld({
    env,
    settings: { deadLetters: { 'max.message.bytes': '20000' } },
    onEnd,
  });
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-lab-'));
  onEnd(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'strict.yaml');
  writeFileSync(file, 'tombstones: dead-letter\n');
  const sites = [
    await openSite(usual, await usual.start({}, ['scorer']), onEnd),
    await openSite(strict, await strict.start({}, ['scorer'], file), onEnd),
  ];
  return { usual, sites };
}

/** @param onEnd takes what ends it. */
export async function openLab(onEnd: OnEnd): Promise<RecordLab> {
  const { registryUrl } = inject('kafka');
  if (registryUrl === undefined)
    throw new Error('these tests need a schema registry: set SCHEMA_REGISTRY_URL');
  const front = await startFrontRegistry(registryUrl);
  onEnd(() => front.close());
  const { usual, sites } = await openSites(front, onEnd);
  const { topics } = usual.context.config;
  const registry = usual.context.registry!;
  const ours = await registry.schemaId(
    `${topics.names.customerEvents}-value`,
    BANK_AVRO,
    'BACKWARD_TRANSITIVE',
  );
  let made = 0;
  let turn = 0;

  const lab: Lab = {
    answering: (listener) => front.answering(listener),
    avro: (event, id = ours) => createAvroEncoder(BANK_AVRO, id)(event),
    register: async (schema, schemaType = 'AVRO') => {
      const subject = `${topics.names.customerEvents}-other${String((made += 1))}-value`;
      const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
      const answer = await fetch(`${registryUrl}/subjects/${subject}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ schema: text, schemaType }),
      });
      const { id } = (await answer.json()) as { id?: number };
      if (id === undefined)
        throw new Error(`the registry does not take the schema: ${String(answer.status)}`);
      return id;
    },
  };

  const goodRecord = (): RecordFields => {
    const event = good((made += 1));
    return { key: event.customerId, value: JSON.stringify(event) };
  };
  const batch = (records: readonly RecordFields[]): Promise<Buffer> =>
    batchOf(records, 'none', { firstTimestampMs: Date.now(), maxTimestampMs: Date.now() });

  async function write(one: RecordCase): Promise<Written> {
    const site = sites[one.isStrict === true ? 1 : 0]!;
    const partition = turn++ % site.partitions;
    const event = good((made += 1));
    const around = { site, partition, sentAt: performance.now() };
    if (one.record !== undefined) {
      const record = await one.record(event, lab);
      const { errorCode, baseOffset: at } = await site.write(partition, await batch([goodRecord(), record, goodRecord()])); // prettier-ignore
      return { ...around, goods: [at, at + 2], odd: [at + 1], errorCode, record, batch: undefined };
    }
    const { bytes, records, value } = await one.batch!(event);
    const before = await site.write(partition, await batch([goodRecord()]));
    const { errorCode, baseOffset } = await site.write(partition, bytes);
    const behind = await site.write(partition, await batch([goodRecord()]));
    const odd = errorCode === 0 ? Array.from({ length: records }, (_, i) => baseOffset + i) : [];
    return { ...around, goods: [before.baseOffset, behind.baseOffset], odd, errorCode, record: value === undefined ? {} : { key: null, value }, batch: inLog(bytes, baseOffset) }; // prettier-ignore
  }

  return {
    ...lab,
    sites,
    write,
    mend: () => front.mend(),
    decode: (value) => registry.decode(value) as Promise<DecodedScore>,
    writeElsewhere: async ({ site, partition: except }) => {
      const sentAt = performance.now();
      const goods: Place[] = [];
      for (let partition = 0; partition < site.partitions; partition++)
        if (partition !== except)
          goods.push([partition, (await site.write(partition, await batch([goodRecord()]))).baseOffset]);
      return { sentAt, goods };
    },
  };
}

/** The broker gives a batch its offset, and its own epoch as leader. */
function inLog(bytes: Buffer, baseOffset: number): Buffer {
  const written = Buffer.from(bytes);
  written.writeBigInt64BE(BigInt(baseOffset), 0);
  written.writeInt32BE(0, 12);
  return written;
}
