/** What an error means to a member of the group. */
import { BankChurnError } from '../../schemas/errors.ts';
import { KafkaError } from '../errors.ts';
import type { GroupRefusal } from './ports.ts';

/** Whether it says nothing of the membership: the world is in the way, and the next heartbeat may succeed. */
export const isPassing = (error: unknown): boolean =>
  error instanceof KafkaError
    ? error.kind === 'transient'
    : error instanceof BankChurnError && error.action === 'transient';

/** Whether a later join may succeed. */
export const mayPass = (error: unknown): boolean =>
  error instanceof KafkaError
    ? error.kind !== 'fatal'
    : error instanceof BankChurnError && error.action === 'transient';

export const unheard = (groupId: string, sessionTimeoutMs: number): BankChurnError =>
  new BankChurnError(
    'BROKER_UNAVAILABLE',
    `the coordinator of ${groupId} has taken no heartbeat for ${String(sessionTimeoutMs)} ms: joining again`,
  );

export const incompatible = (groupId: string, cause: GroupRefusal): BankChurnError =>
  new BankChurnError(
    'GROUP_INCOMPATIBLE',
    `members of an older release are in the group ${groupId}, and it cannot have both: stop them, and this one goes on by itself`,
    { cause },
  );
