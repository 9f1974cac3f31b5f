/** The library's consumer group (`consumer/consumerGroup.js`), whose members come back as themselves (ADR 12). */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const REBALANCE_IN_PROGRESS = 27;

/** What of the library's consumer group is used here. */
interface ConsumerGroup {
  memberId: string | null;
  readonly instrumentationEmitter: object;
  joinAndSync(): Promise<void>;
  leave(): Promise<void>;
  fetch(nodeId: string): Promise<unknown>;
  heartbeat(options: { readonly interval: number }): Promise<void>;
}
type ConsumerGroupClass = new (options: { readonly instrumentationEmitter: object }) => ConsumerGroup;

/**
 * After an outage the library starts its consumer again, as a new member of the group: the broker then waits for the
 * former one until its session ends. This one comes back as the member it was; if the broker no longer knows it, the
 * library itself goes on as a new one.
 *
 * If that join fails, the library fetches on as nobody: with its former partitions, and heartbeats that it then leaves
 * out. It and their new owner would fence each other for good. Here it learns that the group rebalances: it joins again, and
 * says so meanwhile.
 */
export function rejoining(Group: ConsumerGroupClass): ConsumerGroupClass {
  const memberIds = new WeakMap<object, string>();
  const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
    createErrorFromCode(code: number): Error;
  };
  return class extends Group {
    constructor(options: { readonly instrumentationEmitter: object }) {
      super(options);
      this.memberId = memberIds.get(options.instrumentationEmitter) ?? null;
    }
    override async joinAndSync(): Promise<void> {
      await super.joinAndSync();
      if (this.memberId !== null) memberIds.set(this.instrumentationEmitter, this.memberId);
    }
    override async fetch(nodeId: string): Promise<unknown> {
      this.#refuseNobody();
      return super.fetch(nodeId);
    }
    override async heartbeat(options: { readonly interval: number }): Promise<void> {
      this.#refuseNobody();
      await super.heartbeat(options);
    }
    #refuseNobody(): void {
      if (this.memberId === null) throw createErrorFromCode(REBALANCE_IN_PROGRESS);
    }
    override async leave(): Promise<void> {
      await super.leave(); // which fails while the broker is away: then it is still a member
      memberIds.delete(this.instrumentationEmitter);
    }
  };
}
