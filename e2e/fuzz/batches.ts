/** Record batches and headers, from the bytes of a fetch to the record that the loop is handed, and to its dead letter. */
import { deadLetter } from '../../consumers/dead-letter.ts';
import { recordBytes } from '../../consumers/split-emission.ts';
import {
  batchAround,
  batchOf,
  bodyOf,
  nulls,
  PACK,
  zstdBomb,
} from '../../kafka/kafkajs/record-batches.fixture.ts';
import { readMessages, toSourceRecord } from '../../kafka/kafkajs/read-messages.fixture.ts';
import type { RecordFields } from '../../kafka/kafkajs/patches/record-encoding.ts';
import { UNPACK_LIMITS, unpack } from '../../kafka/kafkajs/codecs.io.ts';
import { CODECS, type Codec } from '../../kafka/record-batch.ts';
import { openBudget } from '../../kafka/record-set.ts';
import { readFetched } from '../../kafka/record-slab.ts';
import type { OutputRecord, RecordHeaders, SourceRecord } from '../../schemas/ports.ts';
import type { Random } from '../../schemas/random.ts';
import type { FuzzTarget } from './target.ts';
import { oddObject, oneOf } from './odd-values.ts';

const REFUSALS = new Set(['BATCH_TOO_LARGE', 'BATCH_CORRUPT', 'BATCH_UNSUPPORTED', 'RECORD_TOO_LARGE']);
const MIB = 2 ** 20;

const good = (text: string): RecordFields => ({ key: text, value: `{"id":"${text}"}`, headers: { h: 'v' } });
const goods = (count: number): RecordFields[] => Array.from({ length: count }, (_, i) => good(String(i)));

/** Reads a fetch; throws where what is handed out makes no sense. */
async function readSet(set: Buffer): Promise<SourceRecord[]> {
  const messages = await readMessages(set, 't/0', 0, UNPACK_LIMITS, openBudget(UNPACK_LIMITS));
  let last = -1;
  for (const { offset, refused } of messages) {
    if (!(Number(offset) > last)) throw new Error(`offset ${offset} comes behind ${String(last)}`);
    if (refused !== undefined && !REFUSALS.has(refused.code)) throw new Error(`refused with ${refused.code}`);
    if (refused !== undefined && !(refused.firstOffset > last && refused.lastOffset === Number(offset)))
      throw new Error(`${String(refused.firstOffset)} to ${offset} refused, behind ${String(last)}`);
    last = Number(offset);
  }
  const records = messages.filter(({ isControlRecord }) => !isControlRecord).map(toSourceRecord);
  if (isSmall(records)) await compareColumns(set, records, last + 1);
  return records;
}

/** To read a large set twice and to compare all of it would look like slowness of what is tested. */
const isSmall = (records: readonly SourceRecord[]): boolean =>
  records.length <= 100 && records.every(({ headers }) => Object.keys(headers).length <= 100);

/** Reads a fetch as columns; throws where these are not the same records. */
async function compareColumns(set: Buffer, wanted: readonly SourceRecord[], end: number): Promise<void> {
  const budget = openBudget(UNPACK_LIMITS);
  const options = { place: 't/0', from: 0, limits: UNPACK_LIMITS, budget, unpack, aborted: [] };
  const { records, next } = await readFetched(set, options);
  if (next !== end) throw new Error(`columns end at ${String(next)}, objects at ${String(end)}`);
  if (records.length !== wanted.length)
    throw new Error(`${String(records.length)} in columns, ${String(wanted.length)} in objects`);
  for (const [i, { headers, key, value, ...record }] of wanted.entries()) {
    const found = records.at(i);
    const { offset, timestampMs, refused } = found;
    const isPlain = JSON.stringify({ offset, timestampMs, refused }) === JSON.stringify(record);
    if (!isPlain || !isSame(found.key, key) || !isSame(found.value, value))
      throw new Error(`record ${String(i)} in columns is another one`);
    if (valuesOf(found.headers) !== valuesOf(headers)) throw new Error(`headers of ${String(i)} are others`);
  }
}

const outcomeOf = (records: readonly SourceRecord[]): string =>
  records.find(({ refused }) => refused !== undefined)?.refused?.code ??
  (records.length > 0 ? 'ok' : 'nothing');

/** A packed body, by which codec, and how many records it has. */
interface Body {
  readonly bytes: Buffer;
  readonly codec: Codec;
  readonly count: number;
}

/** Bodies to build odd batches around, packed beforehand, which takes its time. */
interface Bodies {
  readonly small: readonly Body[];
  /** Of many records, or of more bytes than are allowed. */
  readonly large: readonly Body[];
}
/** One set of so many has a large body: that takes a hundred times as long. */
const LARGE_ONE_IN = 100;

async function openBodies(): Promise<Bodies> {
  const packed = async (codec: Codec, records: readonly RecordFields[]): Promise<Body> => ({
    bytes: await PACK[codec](bodyOf(records)),
    codec,
    count: records.length,
  });
  const lists = [goods(3), [...nulls(2), good('a'), { value: '' }], goods(40), []];
  const once = await Promise.all(CODECS.flatMap((codec) => lists.map((records) => packed(codec, records))));
  const twice = once.map(({ bytes, codec }) => ({ bytes: Buffer.concat([bytes, bytes]), codec, count: 3 }));
  const zeros = [{ value: Buffer.alloc(40 * MIB) }];
  const large = [
    packed('gzip', nulls(200_000)),
    packed('zstd', nulls(30_001)),
    packed('lz4', zeros),
    packed('gzip', zeros),
  ];
  return {
    small: [...once, ...twice],
    large: [...(await Promise.all(large)), { bytes: zstdBomb(9500), codec: 'zstd', count: 5 }],
  };
}

const ODD_COUNTS = [-1, 0, 1, 2, 30_000, 2 ** 31 - 1, -(2 ** 31)];
const ODD_FLAGS = [0, 5, 6, 7, 8, 16, 32, 48, 64, 0x7f0];
const ODD_OFFSETS = [0, 1, -1, 2 ** 31 - 1, Number.MAX_SAFE_INTEGER, -(2 ** 53), 1e15];
const ODD_TIMES = [0, -1, 1000, Number.MAX_SAFE_INTEGER, -(2 ** 53)];

/** A batch whose header says what may not be so. */
function oddBatch(random: Random, { bytes, codec, count }: Body, baseOffset: number): Buffer {
  const often = <T>(usual: T, odd: readonly T[]): T => (random.int(6) === 0 ? oneOf(random, odd) : usual);
  const body = often(bytes, [
    bytes.subarray(0, random.int(bytes.length + 1)),
    Buffer.concat([bytes, Buffer.alloc(9)]),
  ]);
  const batch = batchAround({
    body,
    count: often(count, ODD_COUNTS),
    codec: often(codec, CODECS),
    baseOffset: often(baseOffset, ODD_OFFSETS),
    lastOffsetDelta: often(Math.max(0, count - 1), ODD_COUNTS),
    firstTimestampMs: often(1000, ODD_TIMES),
    maxTimestampMs: often(2000, ODD_TIMES),
    magic: random.int(20) === 0 ? random.int(6) - 2 : 2,
    flags: random.int(4) === 0 ? oneOf(random, ODD_FLAGS) : 0,
    producerId: random.int(8) === 0 ? 2n ** 63n - 1n : -1n,
  });
  if (random.int(20) === 0) batch.writeInt32BE(oneOf(random, ODD_COUNTS), 8);
  return batch;
}

/** Up to four odd batches, as one fetch brings them. */
function oddSet(random: Random, { small, large }: Bodies): Buffer {
  const bodies = Array.from({ length: 1 + random.int(4) }, () => oneOf(random, small));
  if (random.int(LARGE_ONE_IN) === 0) bodies[0] = oneOf(random, large);
  return Buffer.concat(bodies.map((body, i) => oddBatch(random, body, i * 300_000)));
}

/** Batches in all codecs. */
export async function batchTarget(): Promise<FuzzTarget> {
  const bodies = await openBodies();
  const sets = CODECS.map(async (codec) =>
    Buffer.concat([await batchOf(goods(2), codec), await batchOf(goods(30), codec, { baseOffset: 2 })]),
  );
  return {
    name: 'batches',
    records: await Promise.all(sets),
    odd: (random) => oddSet(random, bodies),
    decode: async (bytes) => outcomeOf(await readSet(bytes)),
  };
}

const NAMES = [
  'traceparent', 'ce_id', 'error-code', 'source-topic', 'source-offset', 'source-first-offset', 'dead-letter-cut', 'original-size',
  'original-sha256', 'toString', 'valueOf', 'constructor', '__proto__', 'hasOwnProperty', 'then', 'length', '0', '', ' ', '\u0000',
  'ä', '😀', 'n'.repeat(1000),
]; // prettier-ignore
const VALUES = [null, '', 'v', '\u0000', '😀', 'v'.repeat(3000), '7', 'true'];

function oddHeaders(random: Random): RecordFields['headers'] {
  const count = random.int(200) === 0 ? 1000 + random.int(12_000) : random.int(8);
  const headers = Object.create(null) as Record<string, (string | null)[]>;
  for (let i = 0; i < count; i++) {
    const name = random.int(3) > 0 ? oneOf(random, NAMES) : `h${String(random.int(20_000))}`;
    (headers[name] ??= []).push(oneOf(random, VALUES));
  }
  return headers as NonNullable<RecordFields['headers']>;
}

const oddRecord = (random: Random): RecordFields => ({
  key: oneOf(random, [null, '', 'k', 'k'.repeat(2000)]),
  value: random.int(4) === 0 ? null : oddObject(random, { eventId: 'e1', age: 40 }),
  headers: oddHeaders(random) ?? {},
});

/** What the topic of the dead letters takes: enough, little, and as little as `rejectEvent` may ask for. */
const LETTER_BYTES = [1_000_000, 20_000, 2000];
const SOURCE = { topic: 't', partition: 0 };

/** The letter of a record: it fits, and comes back from Kafka as it was sent. */
async function checkLetter(record: SourceRecord, maxBytes: number): Promise<void> {
  const poison = record.refused ?? { code: 'RECORD_INVALID', message: 'm' };
  const letter = deadLetter(SOURCE, 'group', record, poison, maxBytes);
  if (recordBytes(letter) > maxBytes)
    throw new Error(`a letter of ${String(recordBytes(letter))} bytes for ${String(maxBytes)}`);
  const isCut = letter.headers!['dead-letter-cut'] !== undefined;
  if (!isCut && !isSame(letter.value, record.value)) throw new Error('a whole letter has other bytes');
  const [back] = await readSet(batchAround({ body: bodyOf([letter]), count: 1 }));
  if (back?.refused !== undefined) throw new Error(`a letter is refused: ${back.refused.message}`);
  if (!isSame(back!.key, letter.key) || !isSame(back!.value, letter.value))
    throw new Error('a letter comes back with other bytes');
  const [sent, came] = [letter.headers!, back!.headers].map(valuesOf);
  if (sent !== came) throw new Error('a letter comes back with other headers');
}

const isSame = (one: OutputRecord['value'], other: OutputRecord['value']): boolean =>
  one === other || (one !== null && other !== null && Buffer.from(one).equals(Buffer.from(other)));
const valuesOf = (headers: RecordHeaders): string =>
  JSON.stringify(
    Object.keys(headers)
      .sort()
      .map((name) => [name, [headers[name]].flat().map(String)]),
  );

/** Records with odd headers, through the walk and into dead letters. */
export const HEADERS_TARGET: FuzzTarget = {
  name: 'headers',
  records: [
    [{ ...good('a'), headers: { traceparent: 'x', again: ['1', '2'], empty: '' } }, good('b')],
    [{ ...good('a'), headers: Object.fromEntries(NAMES.map((name) => [name, 'v'])) }],
  ].map((records) => batchAround({ body: bodyOf(records), count: records.length })),
  odd: (random) => {
    const records = Array.from({ length: 1 + random.int(3) }, () => oddRecord(random));
    // Now and then a header's bytes end where another one is announced.
    const body = bodyOf(records);
    const cut = random.int(8) === 0 ? random.int(40) : 0;
    return batchAround({ body: body.subarray(0, Math.max(0, body.length - cut)), count: records.length });
  },
  decode: async (bytes) => {
    const records = await readSet(bytes);
    for (const [i, record] of records.entries())
      await checkLetter(record, LETTER_BYTES[(bytes.length + i) % LETTER_BYTES.length]!);
    return outcomeOf(records);
  },
};
