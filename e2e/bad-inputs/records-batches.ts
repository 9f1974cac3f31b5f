/** Whole record batches that cost too much, or that no client should write. */
import {
  batchAround,
  batchOf,
  bodyOf,
  nulls,
  PACK,
  zstdRecordBomb,
  type PackingCodec,
} from '../../kafka/kafkajs/record-batches.fixture.ts';
import {
  batchLetter,
  IGNORED,
  letter,
  recordsOfKind,
  refusedByBroker,
  scored,
  type RawBatch,
  type MakeBatch,
  type RecordCase,
  type RecordInput,
} from './record-case.ts';

const MIB = 2 ** 20;
/** Retention looks at times: these are new, and the same, for the broker corrects the largest time of a batch, and its checksum. */
export function now(): { firstTimestampMs: number; maxTimestampMs: number } {
  const at = Date.now();
  return { firstTimestampMs: at, maxTimestampMs: at };
}

const zeros = (codec: PackingCodec) => async (): Promise<RawBatch> => {
  const body = await PACK[codec](bodyOf([{ value: Buffer.alloc(40 * MIB) }]));
  return { bytes: batchAround({ body, count: 1, codec, ...now() }), records: 1 };
};
const odd =
  (more: Partial<Parameters<typeof batchAround>[0]>): MakeBatch =>
  (event) => {
    const body = bodyOf([{ key: event.customerId, value: JSON.stringify(event) }]);
    return { bytes: batchAround({ body, count: 1, ...now(), ...more }), records: 1 };
  };
const INVALID_RECORD = refusedByBroker(87, 'INVALID_RECORD');
const UNKNOWN_ERROR = refusedByBroker(-1, 'UNKNOWN_SERVER_ERROR');

/** A record with a header whose name is the byte 0xff, twice. */
const notUtf8: MakeBatch = (event) => {
  const headers = { '\u0001': ['a', 'b'] };
  const body = bodyOf([{ key: event.customerId, value: JSON.stringify(event), headers }]);
  for (let at = body.indexOf(1, body.lastIndexOf('}')); at >= 0; at = body.indexOf(1, at + 1))
    body[at] = 0xff;
  return { bytes: batchAround({ body, count: 1, ...now() }), records: 1 };
};

const large: readonly RecordInput[] = [
  {
    input: '33 KB of zstd that are 1 GiB',
    batch: () => ({
      bytes: batchAround({ body: zstdRecordBomb(), count: 1, codec: 'zstd', ...now() }),
      records: 1,
    }),
    back: batchLetter('BATCH_TOO_LARGE'),
  },
  ...(['gzip', 'snappy', 'lz4', 'zstd'] as const).map((codec): RecordInput => ({
    input: `40 MiB of zeros in ${codec}`,
    batch: zeros(codec),
    back: batchLetter('BATCH_TOO_LARGE'),
  })),
  {
    input: '200,000 null records in gzip',
    batch: async () => ({ bytes: await batchOf(nulls(200_000), 'gzip', now()), records: 200_000 }),
    back: IGNORED,
  },
  {
    input: '30,000 records of no bytes in zstd',
    batch: async () => ({
      bytes: await batchOf(
        Array.from({ length: 30_000 }, () => ({ value: '' })),
        'zstd',
        now(),
      ),
      records: 30_000,
      value: '',
    }),
    back: letter('RECORD_EMPTY', 'the value has no bytes'),
  },
  {
    input: '10 MiB in 10 KB of zstd: forty records that are too large',
    batch: async () => ({
      bytes: await batchOf(
        Array.from({ length: 40 }, () => ({ value: Buffer.alloc(MIB / 4 + 1) })),
        'zstd',
        now(),
      ),
      records: 40,
      value: Buffer.alloc(MIB / 4 + 1),
    }),
    back: letter('RECORD_TOO_LARGE', 'the value has 262145 bytes, allowed are 262144'),
  },
];

const forms: readonly RecordInput[] = [
  {
    input: 'no record',
    batch: () => ({
      bytes: batchAround({ body: Buffer.alloc(0), count: 0, lastOffsetDelta: 0, ...now() }),
      records: 0,
    }),
    back: INVALID_RECORD,
  },
  { input: 'a transaction marker', batch: odd({ flags: 32 }), back: INVALID_RECORD },
  { input: 'more records counted than there are', batch: odd({ count: 2 }), back: INVALID_RECORD },
  {
    input: 'a record longer than its batch',
    batch: odd({ body: Buffer.from([126, 0, 0, 0, 1, 1, 0]) }),
    back: INVALID_RECORD,
  },
  { input: 'message format 1', batch: odd({ magic: 1 }), back: INVALID_RECORD },
  { input: 'a codec that Kafka does not name', batch: odd({ flags: 5 }), back: UNKNOWN_ERROR },
  { input: 'bytes that are not gzip', batch: odd({ codec: 'gzip' }), back: UNKNOWN_ERROR },
  { input: 'a header whose name is not UTF-8', batch: notUtf8, back: scored() },
  { input: 'a time of 1970', batch: odd({ firstTimestampMs: 1, maxTimestampMs: 1 }), back: scored() },
];

export const BATCH_RECORDS: readonly RecordCase[] = [
  ...recordsOfKind('large batches', large),
  ...recordsOfKind('forms of batches', forms),
];
