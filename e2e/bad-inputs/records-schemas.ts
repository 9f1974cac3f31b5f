/** The schemas of other writers. */
import avsc from 'avsc';
import { BANK_AVRO } from '../../schemas/customer/bank.fixture.ts';
import { MAGIC_BYTE } from '../../schemas/avro.ts';
import type { CustomerEvent } from '../../schemas/customer/schema.ts';
import {
  invalid,
  letter,
  recordsOfKind,
  scored,
  scoredOtherwise,
  valued,
  type MakeRecord,
  type RecordCase,
  type RecordInput,
} from './record-case.ts';

type Field = Readonly<Record<string, unknown>>;
const ours = BANK_AVRO;
const fieldsWith = (name: string, type: unknown): Field[] =>
  ours.fields.map((field): Field => (field.name === name ? { name, type } : { ...field }));
const withType = (name: string, type: unknown): object => ({ ...ours, fields: fieldsWith(name, type) });
const withField = (field: Field): object => ({ ...ours, fields: [...ours.fields, field] });
const foreign = (why: string) =>
  letter('SCHEMA_FOREIGN', `its writer schema cannot be read as a CustomerEvent: ${why}`);

/** An event written by another schema, with some values as that has them. */
const writtenBy =
  (schema: object, values: (event: CustomerEvent) => object = () => ({})): MakeRecord =>
  async (event, lab) => {
    const body = avsc.Type.forSchema(schema as avsc.Schema).toBuffer({ ...event, ...values(event) });
    const header = Buffer.from([MAGIC_BYTE, 0, 0, 0, 0]);
    header.writeUInt32BE(await lab.register(schema), 1);
    return valued(event, Buffer.concat([header, body]));
  };
/** An event in Avro that names a schema of another kind. */
const naming =
  (schema: unknown, schemaType?: 'PROTOBUF' | 'JSON'): MakeRecord =>
  async (event, lab) =>
    valued(event, lab.avro(event, await lab.register(schema, schemaType)));
/** An event whose schema the registry gives as it is: some registries take what ours refuses. */
const given =
  (schema: string): MakeRecord =>
  (event, lab) =>
    valued(
      event,
      lab.avro(
        event,
        lab.answering((_, response) => void response.end(JSON.stringify({ schema }))),
      ),
    );

const schemas: readonly RecordInput[] = [
  {
    input: 'Protobuf',
    record: naming('syntax = "proto3"; message CustomerEvent { string eventId = 1; }', 'PROTOBUF'),
    back: foreign('it is not Avro but "PROTOBUF"'),
  },
  {
    input: 'JSON Schema',
    record: naming({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }, 'JSON'),
    back: foreign('it is not Avro but "JSON"'),
  },
  {
    input: '500,000 levels deep',
    record: given('['.repeat(500_000)),
    back: foreign('it has 500000 characters, allowed are 400000'),
  },
  {
    input: '20,000 levels deep',
    record: given('['.repeat(20_000) + ']'.repeat(20_000)),
    back: foreign('it is nested more than 16 levels deep'),
  },
  {
    input: '2,001 fields',
    record: given(
      JSON.stringify({
        ...ours,
        fields: [
          ...ours.fields,
          ...Array.from({ length: 2001 }, (_, i) => ({ name: `f${String(i)}`, type: 'int' })),
        ],
      }),
    ),
    back: foreign('it has more than 2000 types'),
  },
  {
    input: 'a record that holds itself',
    record: writtenBy(withField({ name: 'next', type: ['null', 'CustomerEvent'] }), () => ({ next: null })),
    back: foreign('it holds itself (recursion)'),
  },
  {
    input: 'a record of another name',
    record: writtenBy({ ...ours, name: 'Customer' }),
    back: foreign('it is Customer'),
  },
  { input: 'no record', record: naming('"string"'), back: foreign('it is no record but string') },
  {
    input: 'an array of nulls as a further field',
    record: writtenBy(withField({ name: 'many', type: { type: 'array', items: 'null' } }), () => ({
      many: [],
    })),
    back: foreign('it has an array of nothing'),
  },
  {
    input: 'no customer id',
    record: writtenBy({ ...ours, fields: ours.fields.filter(({ name }) => name !== 'customerId') }),
    back: foreign('it has no field customerId'),
  },
];

const iso = (event: CustomerEvent): object => ({ occurredAt: new Date(event.occurredAt).toISOString() });
const noTime = (type: string) =>
  foreign(
    `its field occurredAt is ${type}, which cannot be read as a time; wanted is a long with logicalType timestamp-millis or -micros`,
  );

const timesInAvro: readonly RecordInput[] = [
  {
    input: 'a long with `timestamp-micros`',
    record: writtenBy(withType('occurredAt', { type: 'long', logicalType: 'timestamp-micros' }), (event) => ({
      occurredAt: event.occurredAt * 1000,
    })),
    back: scored('the unit is read from the schema'),
  },
  { input: 'a text in ISO 8601', record: writtenBy(withType('occurredAt', 'string'), iso), back: scored() },
  { input: 'a long without a unit', record: writtenBy(withType('occurredAt', 'long')), back: noTime('long') },
  {
    input: 'a long with `local-timestamp-millis`',
    record: writtenBy(withType('occurredAt', { type: 'long', logicalType: 'local-timestamp-millis' })),
    back: noTime('long (local-timestamp-millis)'),
  },
  { input: 'a double', record: writtenBy(withType('occurredAt', 'double')), back: noTime('double') },
];

const decimal = { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 };
const cents = ({ balance }: CustomerEvent): object => {
  const whole = Buffer.alloc(6);
  whole.writeUIntBE(Math.round(Number(balance ?? 0) * 100), 0, 6);
  return { balance: whole };
};

const types: readonly RecordInput[] = [
  { input: 'another namespace', record: writtenBy({ ...ours, namespace: 'com.bank' }), back: scored() },
  {
    input: 'an array and a map as further fields',
    record: writtenBy(
      {
        ...ours,
        fields: [
          { name: 'tags', type: { type: 'array', items: 'string' } },
          ...ours.fields,
          { name: 'notes', type: { type: 'map', values: 'long' } },
        ],
      },
      () => ({ tags: ['a', 'b'], notes: { c: 3 } }),
    ),
    back: scored('they are counted'),
  },
  {
    input: 'a decimal as a balance',
    record: writtenBy(withType('balance', decimal), cents),
    back: scored('the nearest double'),
  },
  {
    input: 'an enum as a country',
    record: writtenBy(
      withType('geography', { type: 'enum', name: 'Country', symbols: ['Spain', 'France', 'Germany'] }),
    ),
    back: scored('its symbol'),
  },
  { input: 'a long as an age', record: writtenBy(withType('age', 'long')), back: scored() },
  {
    input: 'a flag as a text',
    record: writtenBy(withType('hasCrCard', 'string'), () => ({ hasCrCard: 'true' })),
    back: invalid('hasCrCard is a string, not true or false'),
  },
  {
    input: 'no age',
    record: writtenBy({ ...ours, fields: ours.fields.filter(({ name }) => name !== 'age') }),
    back: scoredOtherwise('without an age'),
  },
  {
    input: 'a text as a balance',
    record: writtenBy(withType('balance', 'string'), () => ({ balance: '12.5' })),
    back: foreign('its field balance is string, which cannot be read as a number'),
  },
  {
    input: 'a long as a customer id',
    record: writtenBy(withType('customerId', 'long'), () => ({ customerId: 502 })),
    back: foreign('its field customerId is long, which cannot be read as a text'),
  },
  {
    input: 'an int or a text as an age',
    record: writtenBy(withType('age', ['null', 'int', 'string'])),
    back: foreign('its field age is string, which cannot be read as a number'),
  },
];

export const SCHEMA_RECORDS: readonly RecordCase[] = [
  ...recordsOfKind('schemas', schemas),
  ...recordsOfKind('times in Avro', timesInAvro),
  ...recordsOfKind('types in Avro', types),
];
