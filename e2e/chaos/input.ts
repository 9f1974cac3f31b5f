/** The events of a chaos run: simulated customers in both encodings, and among them records that nobody can read. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { simulateEvents } from '../../producers/simulate-events.io.ts';
import type { CustomerEvent } from '../../schemas/customer/schema.ts';
import type { EncodeEvent } from '../../producers/publish.io.ts';

/** One record of so many is poison: 1 %. */
export const POISON_EVERY = 100;

/** A file of length-prefixed keys and values, as the oracle's `produce` reads it. */
export async function writeInput(
  path: string,
  events: number,
  seed: number,
  avro: EncodeEvent,
): Promise<void> {
  const file = createWriteStream(path);
  let index = 0;
  for (const { event } of simulateEvents(events, seed, `c${String(seed)}-`)) {
    const whole = index % 2 === 0 ? Buffer.from(avro(event)) : Buffer.from(JSON.stringify(event));
    const value =
      index % POISON_EVERY === POISON_EVERY - 1
        ? poison(index, event, whole, Buffer.from(avro(event)))
        : whole;
    for (const part of [Buffer.from(event.customerId), value]) {
      const length = Buffer.alloc(4);
      length.writeInt32BE(part.length);
      if (!file.write(Buffer.concat([length, part]))) await once(file, 'drain');
    }
    index += 1;
  }
  file.end();
  await once(file, 'finish');
}

/** Makes a poison record: from the event, its encoded value and its Avro. */
type Poison = (event: CustomerEvent, whole: Buffer, avro: Buffer) => Buffer;

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** An event whose Avro has a byte in its first id that no UTF-8 text has. */
function notUtf8(_: CustomerEvent, __: Buffer, avro: Buffer): Buffer {
  const broken = Buffer.from(avro);
  broken[7] = 0xff; // behind the magic byte, the schema id and the length of eventId
  return broken;
}

function unknownSchema(event: CustomerEvent, _: Buffer, avro: Buffer): Buffer {
  const unknown = Buffer.from(avro);
  unknown.writeUInt32BE(900_000 + (event.customerId.length % 7), 1);
  return unknown;
}

/** Each is one kind of what stopped or misled a partition once. */
const POISONS: readonly Poison[] = [
  (_, __, avro) => avro.subarray(0, avro.length - 7),
  (_, whole) => Buffer.concat([Buffer.from([7]), whole]),
  () => Buffer.from('{"eventId": "nothing else"}'),
  unknownSchema,
  notUtf8,
  (event) => json({ ...event, occurredAt: { toString: 1 } }),
  (event) => json({ ...event, age: { valueOf: null, toString: [] } }),
  (event) => Buffer.from(`{"eventId":"${event.eventId}","age":${'['.repeat(20_000)}${']'.repeat(20_000)}}`),
  (event) => json({ ...event, occurredAt: '2026-01-02T03:04:05' }),
  (event) => json({ ...event, occurredAt: '2024-02-31T00:00:00Z' }),
  (event) => Buffer.from(JSON.stringify({ ...event, customerId: 'x' }).replace('"x"', '"\\ud800"')),
  (event) => Buffer.from(JSON.stringify(event).replace('{', '{"customerId":"another",')),
  ({ eventId, customerId, occurredAt }) => json({ eventId, customerId, occurredAt, credit_score: 600 }),
  (event) => json({ ...event, note: 'n'.repeat(LARGE_BYTES) }),
];

/** How many of so many poison records are too large for a whole dead letter: the last kind. */
export const cutLetters = (poison: number): number => Math.floor(poison / POISONS.length);

/** Above `limits.maxRecordBytes`, and above what the dead letters' topic of the chaos run takes. */
const LARGE_BYTES = 300_000;

const poison = (index: number, ...made: Parameters<Poison>): Buffer =>
  POISONS[Math.floor(index / POISON_EVERY) % POISONS.length]!(...made);
