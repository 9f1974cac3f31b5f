/**
 * The id that Kafka gives a topic when it is created (KIP-516): a topic that is deleted and created again has another. The
 * library speaks `Metadata` up to version 6, and ids come with version 10. Versions 11 and 12 ask for one topic in the same words.
 */
import { createRequire } from 'node:module';
import type { Admin } from 'kafkajs';
import { clusterOf } from './cluster.io.ts';

const require = createRequire(import.meta.url);

interface Encoder {
  writeUVarInt(value: number): Encoder;
  writeBuffer(value: Buffer): Encoder;
  writeBoolean(value: boolean): Encoder;
  writeUVarIntString(value: string): Encoder;
  writeUVarIntArray(values: readonly Encoder[]): Encoder;
}
interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readUVarInt(): number;
  readUVarIntString(): string | null;
  readTaggedFields(): unknown;
  readBytes(length: number): Buffer;
}
const EncoderClass = require('kafkajs/src/protocol/encoder') as new () => Encoder;
const DecoderClass = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder;
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode: (code: number) => Error;
};

const METADATA = 3;
const OLDEST = 11;
const NO_TAGS = 0;
const ID_BYTES = 16;
const NO_ID = Buffer.alloc(ID_BYTES);

type TopicId = string | undefined;

const request = (apiVersion: number) => (topic: string) => ({
  request: {
    apiKey: METADATA,
    apiVersion,
    apiName: 'Metadata',
    encode: () => Promise.resolve(encodeRequest(topic)),
  },
  response: {
    decode: (bytes: Buffer) => Promise.resolve(decodeTopicId(bytes)),
    parse: (id: TopicId) => Promise.resolve(id),
  },
});
type Request = ReturnType<typeof request>;

/** As the library wants a request: by version. undefined: the broker is too old for it (before 2.8). */
const topicIdRequest = {
  versions: [String(OLDEST), '12'],
  protocol: ({ version }: { version: number }): Request | undefined =>
    version < OLDEST ? undefined : request(version),
};

function encodeRequest(topic: string): Encoder {
  const wanted = new EncoderClass().writeBuffer(NO_ID).writeUVarIntString(topic).writeUVarInt(NO_TAGS);
  return new EncoderClass()
    .writeUVarInt(NO_TAGS)
    .writeUVarIntArray([wanted])
    .writeBoolean(false) // create it
    .writeBoolean(false) // what we may do with it
    .writeUVarInt(NO_TAGS);
}

/**
 * The topic's id as Kafka's tools print it; undefined for a topic without one. What follows it in the answer is not read.
 *
 * @throws the broker's error of the topic; a RangeError for an answer that ends too early.
 */
export function decodeTopicId(bytes: Buffer): TopicId {
  const decoder = new DecoderClass(bytes);
  decoder.readTaggedFields();
  decoder.readInt32(); // throttle time
  for (let brokers = decoder.readUVarInt() - 1; brokers > 0; brokers--) {
    decoder.readInt32(); // id
    decoder.readUVarIntString(); // host
    decoder.readInt32(); // port
    decoder.readUVarIntString(); // rack
    decoder.readTaggedFields();
  }
  decoder.readUVarIntString(); // the cluster
  decoder.readInt32(); // the controller
  decoder.readUVarInt(); // as many topics as were asked for: one
  const code = decoder.readInt16();
  if (code !== 0) throw createErrorFromCode(code);
  decoder.readUVarIntString(); // its name
  const id = decoder.readBytes(ID_BYTES);
  if (id.length < ID_BYTES) throw new RangeError('the answer ends before the topic id');
  return id.equals(NO_ID) ? undefined : id.toString('base64url');
}

/** What of the library's broker is used here. */
interface Broker<Make, Answer> {
  lookupRequest(apiKey: number, definition: object): Make;
  readonly connectionPool: { send(request: object): Promise<Answer> };
}
/** What of the library's cluster is used here. */
interface Cluster {
  readonly brokerPool: { findConnectedBroker(): Promise<Broker<unknown, unknown>> };
}

/** A broker for requests that the library itself does not make. */
export const brokerOf = async <Make, Answer>(admin: Admin): Promise<Broker<Make, Answer>> =>
  (await (clusterOf(admin) as Cluster).brokerPool.findConnectedBroker()) as Broker<Make, Answer>;

/** The id of a topic. undefined: Kafka is too old to give topics ids. Rejects if the topic does not exist. */
export async function topicIdOf(admin: Admin, topic: string): Promise<TopicId> {
  const broker = await brokerOf<Request | undefined, TopicId>(admin);
  const of = broker.lookupRequest(METADATA, topicIdRequest);
  return of === undefined ? undefined : broker.connectionPool.send(of(topic));
}
