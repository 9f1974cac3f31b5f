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

/** A broker that comes back does not know all topics and partitions at once: so often it may say that one is missing. */
const MISSING_PATIENCE = 5;

/** Whether a fetch that has failed so often in a row with such an error will go on failing. */
export const isLasting = (error: unknown, times: number): boolean =>
  !isPassing(error) && !(error instanceof KafkaError && error.kind === 'missing' && times < MISSING_PATIENCE);

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
