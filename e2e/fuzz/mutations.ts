/** Damage to the bytes of good records, made from a seed. */
import type { Random } from '../../schemas/random.ts';
import { oneOf } from './odd-values.ts';

const MAX_BYTES = 200_000;
/** Ends of the ranges that varints, lengths and UTF-8 have. */
const BYTES = [
  0, 1, 2, 0x22, 0x2c, 0x3a, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xbf, 0xc0, 0xed, 0xef, 0xf4, 0xfe,
  0xff,
];

type Mutation = (random: Random, bytes: Buffer, others: readonly Buffer[]) => Buffer;

const at = (random: Random, bytes: Buffer): number => random.int(bytes.length + 1);
const insert = (bytes: Buffer, place: number, more: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, place), more, bytes.subarray(place)]);

const MUTATIONS: readonly Mutation[] = [
  function flip(random, bytes) {
    const changed = Buffer.from(bytes);
    if (changed.length > 0) changed[random.int(changed.length)]! ^= 1 << random.int(8);
    return changed;
  },
  function replace(random, bytes) {
    const changed = Buffer.from(bytes);
    if (changed.length > 0) changed[random.int(changed.length)] = oneOf(random, BYTES);
    return changed;
  },
  function cut(random, bytes) {
    return bytes.subarray(0, at(random, bytes));
  },
  function drop(random, bytes) {
    const place = at(random, bytes);
    return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1 + random.int(8))]);
  },
  function grow(random, bytes) {
    const more = Buffer.alloc(1 + random.int(12), oneOf(random, BYTES));
    return insert(bytes, at(random, bytes), more);
  },
  function repeat(random, bytes) {
    const start = at(random, bytes);
    const part = bytes.subarray(start, start + 1 + random.int(60));
    return insert(bytes, at(random, bytes), part);
  },
  function splice(random, bytes, others) {
    const other = oneOf(random, others);
    return Buffer.concat([bytes.subarray(0, at(random, bytes)), other.subarray(at(random, other))]);
  },
  function noise(random) {
    return Buffer.from(Array.from({ length: random.int(80) }, () => random.int(256)));
  },
];

/** Damages a record one to four times. */
export function mutate(random: Random, records: readonly Buffer[]): Buffer {
  let bytes = oneOf(random, records);
  for (let times = 1 + random.int(4); times > 0; times--)
    bytes = oneOf(random, MUTATIONS)(random, bytes, records);
  return bytes.subarray(0, MAX_BYTES);
}
