/** Kafka's request `DescribeTransactions` (KIP-664), which kafkajs lacks: what became of the last transaction of an id. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

interface Encoder {
  writeUVarInt(value: number): Encoder;
  writeUVarIntString(value: string): Encoder;
  writeUVarIntArray(values: readonly Encoder[]): Encoder;
}
interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readInt64(): { toString(): string };
  readUVarInt(): number;
  readUVarIntString(): string;
  readTaggedFields(): unknown;
}
const EncoderClass = require('kafkajs/src/protocol/encoder') as new () => Encoder;
const DecoderClass = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder;
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode: (code: number) => Error;
};

export const DESCRIBE_TRANSACTIONS = 65;
const TRANSACTIONAL_ID_NOT_FOUND = 105;

/** The last transaction of an id, and the producer it is of. */
export interface DescribedTransaction {
  /** `Empty`, `Ongoing`, `PrepareCommit`, `CompleteCommit`, …; undefined: the coordinator does not know the id. */
  readonly state: string | undefined;
  /** As given to `InitProducerId`, milliseconds. */
  readonly timeoutMs: number;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** As kafkajs wants a request: by version (there is only 0). */
export const describeTransactionRequest = {
  versions: ['0'],
  protocol: () => (transactionalId: string) => ({
    request: {
      apiKey: DESCRIBE_TRANSACTIONS,
      apiVersion: 0,
      apiName: 'DescribeTransactions',
      encode: () => Promise.resolve(encodeRequest(transactionalId)),
    },
    response: {
      decode: (bytes: Buffer) => Promise.resolve(decodeResponse(bytes)),
      parse: (described: DescribedTransaction) => Promise.resolve(described),
    },
  }),
};

const NO_TAGS = 0;

function encodeRequest(transactionalId: string): Encoder {
  const ids = [new EncoderClass().writeUVarIntString(transactionalId)];
  return new EncoderClass().writeUVarInt(NO_TAGS).writeUVarIntArray(ids).writeUVarInt(NO_TAGS);
}

/** What is told of an id that the coordinator does not know. */
export const UNKNOWN: DescribedTransaction = {
  state: undefined,
  timeoutMs: 0,
  producerId: '-1',
  producerEpoch: -1,
};

/** @throws the broker's error, other than that it does not know the id. */
export function decodeResponse(bytes: Buffer): DescribedTransaction {
  const decoder = new DecoderClass(bytes);
  decoder.readTaggedFields();
  decoder.readInt32(); // throttle time
  decoder.readUVarInt(); // as many as were asked for: one
  const code = decoder.readInt16();
  if (code === TRANSACTIONAL_ID_NOT_FOUND) return UNKNOWN;
  if (code !== 0) throw createErrorFromCode(code);
  decoder.readUVarIntString(); // the transactional id
  const state = decoder.readUVarIntString();
  const timeoutMs = decoder.readInt32();
  decoder.readInt64(); // when it began
  return { state, timeoutMs, producerId: decoder.readInt64().toString(), producerEpoch: decoder.readInt16() };
}
