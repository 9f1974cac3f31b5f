/** Whether the group still counts on us: asked before anything that must not be done by one it has given up. */
import type { Delivery } from '../schemas/ports.ts';

/** Marks an error of the group (thrown by `heartbeat`): it is the consumer's to handle. */
export class GroupError extends Error {}

export async function inGroup(delivery: Delivery): Promise<void> {
  const unheard = await heard(delivery);
  if (unheard !== undefined) throw unheard;
}

/** A heartbeat: undefined, or why the group did not take it. */
export async function heard(delivery: Delivery): Promise<GroupError | undefined> {
  try {
    await delivery.heartbeat();
    return undefined;
  } catch (cause) {
    return new GroupError('no word from the group', { cause });
  }
}
