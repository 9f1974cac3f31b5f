/** Damaged Avro. */
import {
  invalid,
  letter,
  recordsOfKind,
  valued,
  type MakeRecord,
  type RecordCase,
  type RecordInput,
} from './record-case.ts';

/** The event's own Avro, with its bytes changed. `ids` is where the ids begin, `inputs` where the inputs do. */
const damaged =
  (change: (avro: Buffer, places: { ids: number; inputs: number }) => Buffer): MakeRecord =>
  (event, lab) => {
    const avro = lab.avro(event);
    // Behind the header two ids with their lengths, and a time of six bytes.
    return valued(event, change(avro, { ids: 5, inputs: 5 + 2 + event.eventId.length + event.customerId.length + 6 })); // prettier-ignore
  };
const replaced = (avro: Buffer, at: number, bytes: readonly number[], length = bytes.length): Buffer =>
  Buffer.concat([avro.subarray(0, at), Buffer.from(bytes), avro.subarray(at + length)]);
const undecodable = (message: string) => letter('RECORD_UNDECODABLE', `Avro: ${message}`);

const bytes: readonly RecordInput[] = [
  {
    input: 'three bytes',
    record: damaged((avro) => avro.subarray(0, 3)),
    back: letter('RECORD_UNDECODABLE', 'the Avro header ends too early'),
  },
  {
    input: 'a body cut short',
    record: damaged((avro) => avro.subarray(0, -3)),
    back: undecodable('the body ends too early'),
  },
  {
    input: 'two bytes more',
    record: damaged((avro) => Buffer.concat([avro, Buffer.alloc(2)])),
    back: letter('RECORD_UNDECODABLE', '2 bytes follow the Avro body'),
  },
  {
    input: 'another magic byte',
    record: damaged((avro) => replaced(avro, 0, [1])),
    back: letter('RECORD_UNDECODABLE', 'first byte 0x01 starts neither JSON nor the Confluent wire format'),
  },
  {
    input: 'a branch that its union does not have',
    record: damaged((avro, { inputs }) => replaced(avro, inputs, [14])),
    back: undecodable('a union has no such branch'),
  },
  {
    input: 'an id of length -1',
    record: damaged((avro, { ids }) => replaced(avro, ids, [1])),
    back: undecodable('a length below 0'),
  },
  {
    input: 'an id of 32 TB',
    record: damaged((avro, { ids }) => replaced(avro, ids, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 1)),
    back: undecodable('the body ends too early'),
  },
  {
    input: 'a length of eleven bytes',
    record: damaged((avro, { ids }) => replaced(avro, ids, Array<number>(11).fill(0xff), 1)),
    back: undecodable('a number of more than 64 bits'),
  },
  {
    input: 'an id that is not UTF-8',
    record: damaged((avro, { ids }) => replaced(avro, ids + 1, [0xff])),
    back: undecodable('a string that is not UTF-8'),
  },
  {
    input: 'an age of -1',
    record: (event, lab) => valued(event, lab.avro({ ...event, age: -1 })),
    back: invalid('age is below 0, possible are 0..150'),
  },
];

export const AVRO_RECORDS: readonly RecordCase[] = recordsOfKind('Avro bytes', bytes);
