/** The events of a chaos run: simulated customers in both encodings, and among them records that nobody can read. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { simulateEvents } from '../../producers/simulate-events.io.ts';
import type { EncodeEvent } from '../../producers/publish.io.ts';

/** One record of so many is poison: 0.5 %. */
export const POISON_EVERY = 200;

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
      index % POISON_EVERY === POISON_EVERY - 1 ? poison(index, whole, Buffer.from(avro(event))) : whole;
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

function poison(index: number, whole: Buffer, avro: Buffer): Buffer {
  switch (Math.floor(index / POISON_EVERY) % 4) {
    case 0:
      return avro.subarray(0, avro.length - 7);
    case 1:
      return Buffer.concat([Buffer.from([7]), whole]);
    case 2:
      return Buffer.from('{"eventId": "nothing else"}');
    default: {
      const unknown = Buffer.from(avro);
      unknown.writeUInt32BE(900_000 + (index % 7), 1);
      return unknown;
    }
  }
}
