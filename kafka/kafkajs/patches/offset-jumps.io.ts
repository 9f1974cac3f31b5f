/** The library's offset manager (`consumer/offsetManager/index.js`), which must not skip deleted records in silence. */
import { createRequire } from 'node:module';
import { BankChurnError } from '../../../schemas/errors.ts';

const require = createRequire(import.meta.url);

/** What of the library's offset manager is used here. */
interface OffsetManager {
  readonly groupId: string;
  setDefaultOffset(where: { topic: string; partition: number }): Promise<void>;
}
const unjumping = new Set<string>();

/**
 * A fetch position that the broker no longer has is then the end of this group's consumers, not a silent jump: the library
 * would commit its start position over the group's offset, even with autoCommit off.
 */
export function refuseJumps(groupId: string): void {
  unjumping.add(groupId);
}

export function guardOffsets(): void {
  const { KafkaJSNonRetriableError: Refusal } = require('kafkajs') as typeof import('kafkajs');
  const { prototype } = require('kafkajs/src/consumer/offsetManager/index.js') as {
    prototype: OffsetManager;
  };
  const jump = prototype.setDefaultOffset;
  prototype.setDefaultOffset = function (this: OffsetManager, where) {
    if (!unjumping.has(this.groupId)) return jump.call(this, where);
    const place = `${where.topic}/${String(where.partition)}`;
    const refusal =
      `the broker no longer has what ${this.groupId} was to read next of ${place}: records were deleted before ` +
      'they were processed. Set the group’s offset on purpose (bankchurn offsets adopt), then start again.';
    throw Object.assign(new Refusal(refusal), {
      cause: new BankChurnError('OFFSET_OUT_OF_RANGE', refusal),
    });
  };
}
