/** The library's offset manager (`consumer/offsetManager/index.js`), which must not skip deleted records in silence. */
import { createRequire } from 'node:module';

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
    throw new Refusal(
      `OFFSET_OUT_OF_RANGE: the broker no longer has what ${this.groupId} was to read next of ${place}: records were deleted before ` +
        'they were processed. Set the group’s offset on purpose (kafka-consumer-groups --reset-offsets), then start again.',
    );
  };
}
