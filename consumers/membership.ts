/** Whether the group still counts on us: asked before anything that must not be done by one it has given up. */
import type { Delivery } from '../schemas/ports.ts';

/** Marks an error of the group (thrown by `heartbeat`): it is the consumer's to handle. */
export class GroupError extends Error {}

/** A heartbeat. @throws GroupError when the group does not take it. */
export async function assertMember(delivery: Delivery): Promise<void> {
  try {
    await delivery.heartbeat();
  } catch (cause) {
    throw new GroupError('the group took no heartbeat', { cause });
  }
}
