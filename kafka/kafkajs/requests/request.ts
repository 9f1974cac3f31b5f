/** A request of Kafka's protocol in one version, and how its answer is read. */
import { createReader, createWriter, type WireReader, type WireWriter } from './wire.ts';

export interface WireRequest<T> {
  readonly apiName: string;
  readonly apiKey: number;
  readonly apiVersion: number;
  /** Of a flexible version (KIP-482): its headers end with tags. */
  readonly isFlexible: boolean;
  /** How long the broker itself may wait before it answers, milliseconds. */
  readonly waitMs: number;
  /** What follows the header, in parts. */
  readonly body: readonly Buffer[];
  /** @throws RangeError for an answer that ends too early. */
  decode(answer: WireReader): Throttled<T>;
}

/** An answer, and how long the client should be silent after it (KIP-219), milliseconds. */
export interface Throttled<T> {
  readonly throttleMs: number;
  readonly answer: T;
}

/** What most requests look like: the answer begins with the time of silence. */
export function requestOf<T>(
  api: Pick<WireRequest<T>, 'apiName' | 'apiKey' | 'apiVersion'> &
    Partial<Pick<WireRequest<T>, 'isFlexible' | 'waitMs'>>,
  write: (into: WireWriter) => unknown,
  read: (answer: WireReader) => T,
): WireRequest<T> {
  const body = createWriter();
  write(body);
  return {
    isFlexible: false,
    waitMs: 0,
    ...api,
    body: [body.done()],
    decode: (answer) => ({ throttleMs: answer.int32(), answer: read(answer) }),
  };
}

/** The whole request as it goes over a connection, in one buffer. */
export function frameOf(request: WireRequest<unknown>, correlationId: number, clientId: string): Buffer {
  const head = createWriter()
    .int32(0)
    .int16(request.apiKey)
    .int16(request.apiVersion)
    .int32(correlationId)
    .text(clientId);
  if (request.isFlexible) head.noTags();
  const frame = Buffer.concat([head.done(), ...request.body]);
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

/** Reads what follows the correlation id of an answer. */
export function answerOf<T>(request: WireRequest<T>, payload: Buffer): Throttled<T> {
  const reader = createReader(payload);
  if (request.isFlexible) reader.skipTags();
  return request.decode(reader);
}

/** What a broker says of one partition. */
export interface PartitionCode {
  readonly topic: string;
  readonly partition: number;
  readonly code: number;
}

/** Items by topic, in the order in which the topics come first. */
export function byTopic<T extends { readonly topic: string }>(items: readonly T[]): [string, T[]][] {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const found = topics.get(item.topic);
    if (found === undefined) topics.set(item.topic, [item]);
    else found.push(item);
  }
  return [...topics];
}

/** Reads `[topic [partition …]]`. */
export const readPartitions = <T>(answer: WireReader, read: (topic: string) => T): T[] =>
  answer
    .array(() => {
      const topic = answer.text() ?? '';
      return answer.array(() => read(topic));
    })
    .flat();

export const readCodes = (answer: WireReader): PartitionCode[] =>
  readPartitions(answer, (topic) => ({ topic, partition: answer.int32(), code: answer.int16() }));
