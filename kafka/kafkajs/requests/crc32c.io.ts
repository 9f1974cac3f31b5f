/** CRC-32C in native code; in JavaScript (a dozen times slower) on a platform that the package has no binary for. */
import { createRequire } from 'node:module';
import type * as Native from '@node-rs/crc32';
import type { Crc32c } from './produce-request.ts';

const require = createRequire(import.meta.url);

/** @param load takes the native package; throws where it has no binary. */
export function createCrc32c(load: () => typeof Native): Crc32c {
  try {
    const { crc32c: add } = load();
    return (parts) => parts.reduce((sum, part) => add(part, sum), 0);
  } catch {
    const ofAll = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number;
    return (parts) => ofAll(Buffer.concat(parts));
  }
}

export const crc32c = createCrc32c(() => require('@node-rs/crc32') as typeof Native);
