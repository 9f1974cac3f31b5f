/** What is fuzzed: each decoder of bytes that others may have written, with good records to start from. One entry each. */
import {
  compileAny,
  compileWriter,
  createAvroEncoder,
  MAGIC_BYTE,
  OUTCOME,
  type Shape,
} from '../../schemas/avro.ts';
import { BANK_AVRO, EVENT } from '../../schemas/customer/bank.fixture.ts';
import { ForeignSchema, parseSchemaText } from '../../schemas/avro-schema.ts';
import { createDecoder } from '../../schemas/decoder.ts';
import { BankChurnError, ERRORS, type Poison } from '../../schemas/errors.ts';
import { SCHEMAS, type SchemaName } from '../../schemas/generated.ts';
import { checkOwn, parseOwn } from '../../schemas/own.ts';
import type { Random } from '../../schemas/random.ts';
import { batchTarget, HEADERS_TARGET } from './batches.ts';
import { oddObject, oneOf } from './odd-values.ts';
import type { FuzzTarget } from './target.ts';
import { oddSchema } from './odd-schemas.ts';
import { mutate } from './mutations.ts';

const MAX_RECORD_BYTES = 262_144;
const MS = 1_764_000_000_000;
const EVENT_VALUE = {
  eventId: 'e1', customerId: 'c1', occurredAt: MS, creditScore: 600, geography: 'France', gender: 'Male', age: 40,
  tenure: 3, balance: 60_000.5, numOfProducts: 2, hasCrCard: true, isActiveMember: false, estimatedSalary: 50_000,
}; // prettier-ignore
const OUTCOME_VALUE = { outcomeId: 'o1', customerId: 'c1', eventId: 'e1', churned: true, observedAt: MS };
const COUNTS_VALUE = {
  modelSha256: 'a'.repeat(64), activation: 3, sourceTopic: 'customer-events', sourcePartition: 1, firstOffset: 10, lastOffset: 20,
  maxTimestamp: MS, events: 11, series: [{ name: 'Age', counts: [1, 2, 3, 4], contributionSum: 0.5 }, { name: 'score', counts: [11], contributionSum: 0 }],
}; // prettier-ignore
const MODEL_VALUE = {
  kind: 'RELEASE', modelVersion: '1.0.0', modelSha256: 'b'.repeat(64), origin: 'GATE', recordedAt: MS, reason: null, requestId: 'r/1',
  manifest: '{"a":1}', artifactOffset: 5, artifactChunks: 2,
}; // prettier-ignore

/** The code of an error; anything without one goes on. */
function codeOf(error: unknown): string {
  if (error instanceof BankChurnError && error.action === 'poison') return error.code;
  throw error;
}

function refusal(value: object): string | undefined {
  if (!('code' in value)) return undefined;
  const { code } = value as Poison;
  if (ERRORS[code].action !== 'poison') throw new Error(`${code} is no code of a record`);
  return code;
}

/** A decoder of what others write. `assertSound` throws where nonsense was accepted. */
async function others<T extends object>(
  name: string,
  shape: Shape<T>,
  value: object,
  assertSound: (decoded: T) => void,
): Promise<FuzzTarget> {
  const findWriter = () => Promise.resolve(compileWriter(shape.schema, shape));
  const avro = createAvroEncoder(shape.schema, 7)(value);
  const records = [avro, Buffer.from(JSON.stringify(value))];
  const decode = await createDecoder({ shape, maxRecordBytes: MAX_RECORD_BYTES, findWriter })(records);
  return {
    name,
    records,
    odd: (random) => Buffer.from(oddObject(random, value as Record<string, unknown>)),
    decode: (bytes) => {
      // Damage to the schema id asks for another schema, which is not what is tried here.
      if (bytes.length >= 5 && bytes[0] === MAGIC_BYTE)
        bytes = Buffer.concat([avro.subarray(0, 5), bytes.subarray(5)]);
      const decoded = decode(bytes);
      const code = refusal(decoded);
      if (code === undefined) assertSound(decoded as T);
      return code ?? 'ok';
    },
  };
}

function own(name: SchemaName, value: object): FuzzTarget {
  const decodeAvro = compileAny(SCHEMAS[name]);
  return {
    name,
    records: [createAvroEncoder(SCHEMAS[name], 7)(value), Buffer.from(JSON.stringify(value))],
    odd: (random) => Buffer.from(oddObject(random, value as Record<string, unknown>)),
    decode: (bytes) => {
      try {
        checkOwn(name, bytes[0] === MAGIC_BYTE ? decodeAvro(bytes) : parseOwn(bytes));
        return 'ok';
      } catch (error) {
        return codeOf(error);
      }
    },
  };
}

/** Schemas of writers, and a body decoded by each that is taken. */
const SCHEMA_TARGET: FuzzTarget = {
  name: 'writer schemas',
  records: [BANK_AVRO, ...Object.values(SCHEMAS)].map((schema) => Buffer.from(JSON.stringify(schema))),
  odd: (random) => Buffer.from(oddSchema(random)),
  decode: (bytes) => {
    let schema: unknown;
    try {
      schema = parseSchemaText(bytes.toString());
      compileAny(schema);
    } catch (error) {
      if (!(error instanceof ForeignSchema)) codeOf(error);
    }
    const writer = compileWriter(schema, EVENT);
    if (typeof writer !== 'function') return refusal(writer)!;
    const body = createAvroEncoder(BANK_AVRO, 7)(EVENT_VALUE);
    const results = [body, Buffer.alloc(200, 1), Buffer.alloc(200, 0xfe)].map((value) =>
      writer(value, EVENT.read),
    );
    return refusal(results[0]!) ?? 'ok';
  },
};

function assertId(id: string): void {
  if (id.length < 1 || id.length > 128 || !id.isWellFormed())
    throw new Error(`accepted the id ${JSON.stringify(id)}`);
}
function assertTime(ms: number): void {
  if (!(Number.isSafeInteger(ms) && ms >= Date.UTC(2000) && ms < Date.UTC(2100)))
    throw new Error(`accepted the time ${String(ms)}`);
}

/** All decoders. */
export async function fuzzTargets(): Promise<readonly FuzzTarget[]> {
  return [
    await others('events', EVENT, EVENT_VALUE, ({ eventId, customerId, occurredAt, ...inputs }) => {
      assertId(eventId);
      assertId(customerId);
      assertTime(occurredAt);
      const numbers = Object.values(inputs).filter((input) => typeof input === 'number');
      if (!numbers.every((number) => number >= 0 && Number.isFinite(number)))
        throw new Error('accepted a number');
      if (Object.values(inputs).every((input) => input === null)) throw new Error('accepted an empty event');
    }),
    await others(
      'outcomes',
      OUTCOME,
      OUTCOME_VALUE,
      ({ outcomeId, customerId, eventId, churned, observedAt }) => {
        [outcomeId, customerId, eventId ?? 'none'].forEach(assertId);
        assertTime(observedAt);
        if (typeof churned !== 'boolean') throw new Error('accepted a label');
      },
    ),
    own('DriftCounts', COUNTS_VALUE),
    own('ModelRecord', MODEL_VALUE),
    SCHEMA_TARGET,
    await batchTarget(),
    HEADERS_TARGET,
  ];
}

/** The two ways to make a record. */
export const MODES = {
  bytes: (random: Random, target: FuzzTarget): Buffer => mutate(random, target.records),
  values: (random: Random, target: FuzzTarget): Buffer =>
    random.int(10) === 0
      ? mutate(random, [target.odd(random), oneOf(random, target.records)])
      : target.odd(random),
} as const;
