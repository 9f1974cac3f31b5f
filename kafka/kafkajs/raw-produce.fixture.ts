/** Kafka's own Produce request, for batches that no client would make. */
import { connect } from 'node:net';

const int16 = (n: number): Buffer => Buffer.from([n >> 8, n]);
const int32 = (n: number): Buffer => Buffer.from([n >> 24, n >> 16, n >> 8, n]);
const text = (given: string): Buffer => Buffer.concat([int16(given.length), Buffer.from(given)]);

/** What the broker says to a batch. */
export interface Produced {
  /** Of Kafka's protocol; 0: written. */
  readonly errorCode: number;
  /** Offset of the batch's first record; -1: not written. */
  readonly baseOffset: number;
}

/** Writes one batch as it is: Produce, version 7, acks of all. */
export async function produceBatch(
  broker: string,
  topic: string,
  partition: number,
  batch: Buffer,
): Promise<Produced> {
  const request = Buffer.concat([
    int16(0), int16(7), int32(1), text('test'), // Produce, version, correlation, client
    int16(-1), int16(-1), int32(30_000), // no transaction, acks, timeout
    int32(1), text(topic), int32(1), int32(partition), int32(batch.length), batch,
  ]); // prettier-ignore
  const [host = '', port = ''] = broker.split(':');
  const socket = connect(Number(port), host);
  try {
    socket.write(Buffer.concat([int32(request.length), request]));
    let answer = Buffer.alloc(0);
    for await (const part of socket as AsyncIterable<Buffer>) {
      answer = Buffer.concat([answer, part]);
      if (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) continue;
      // Length, correlation, topics, name, partitions, partition.
      const at = 4 + 4 + 4 + 2 + topic.length + 4 + 4;
      return { errorCode: answer.readInt16BE(at), baseOffset: Number(answer.readBigInt64BE(at + 2)) };
    }
    throw new Error('the broker closed the connection');
  } finally {
    socket.destroy();
  }
}
