/** How the markers of an id's last transaction are written again, as `kafka/kafkajs/requests/renewal.io.ts` has it, or with less care. */
import type { MarkerScope, TopicPartition } from '../../kafka/group/ports.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import { AGAIN, type Effect } from './process.ts';
import { OFFSETS, type Described, type Transactions, type User } from './transactions.ts';

/** How much of the care for markers is left out. */
export interface Careless {
  /** When a writer that is gone is fenced. */
  readonly renewsNotInFence?: boolean;
  /** When a writer is opened. */
  readonly renewsNotInOpen?: boolean;
  /** What became of a renewal that was interrupted. */
  readonly forgetsRenewals?: boolean;
  /** Others that fence the same are not waited for. */
  readonly fencesAtOnce?: boolean;
  readonly trustsConnections?: boolean;
}

/** Requests over connections that are never made anew: nothing is known of the last markers once one has broken. */
export interface Line {
  call<T>(effect: Effect<T>): Promise<T>;
  sleep(ms: number): Promise<void>;
}

export interface Renewal {
  readonly transactions: Transactions;
  readonly line: Line;
  readonly id: string;
  readonly scope: MarkerScope;
  readonly careless: Careless;
}

/** As the real ones, in the time of the simulation. */
const OTHERS_MS = 10;
const RENEWAL_MS = 20;
const AGAIN_MS = 4;
const FENCES = 3;

export const placeOf = ({ topic, partition }: TopicPartition): string => `${topic}/${String(partition)}`;

/** Opens an id for a writer. */
export async function openRenewed(of: Renewal): Promise<User> {
  const { transactions, line, id, careless } = of;
  if (careless.renewsNotInOpen !== true) await renewMarkers(of, 0);
  for (let waitedMs = 0; ; waitedMs += AGAIN_MS) {
    const last = await line.call(() => [transactions.describe(id)] as const);
    const isRenewed = last[0]?.isRenewal === true && last[0].state === 'open';
    if (isRenewed && waitedMs >= RENEWAL_MS)
      await line.call(() => transactions.end({ id, ...last[0]! }, true));
    const user = isRenewed && waitedMs < RENEWAL_MS ? AGAIN : await initOnce(of, false);
    if (user !== AGAIN) return user;
    await line.sleep(AGAIN_MS);
  }
}

/** Fences the id of a process that is gone, and waits until the markers of its last transaction are written. */
export async function fence(of: Renewal): Promise<void> {
  const { transactions, line, id, careless } = of;
  const known = await line.call(() => [transactions.describe(id)] as const);
  if (known[0] === undefined) return;
  if (careless.renewsNotInFence === true) {
    await line.call(() => transactions.initProducer(id, false));
    return;
  }
  await renewMarkers(of, careless.fencesAtOnce === true ? 0 : OTHERS_MS);
  await line.call(() => (transactions.describe(id)?.isEnding === true ? AGAIN : undefined));
}

async function renewMarkers(of: Renewal, othersMs: number): Promise<void> {
  const { transactions, line, scope } = of;
  const decided = await fenceDecided(of, othersMs);
  if (decided === undefined) return;
  const { user, commits } = decided;
  const places = scope.outputs.map(placeOf);
  if (places.length > 0) await line.call(() => transactions.add(user, places));
  if (scope.withOffsets) await line.call(() => transactions.add(user, [OFFSETS]));
  if (places.length > 0 || scope.withOffsets) await line.call(() => transactions.end(user, commits));
}

/** The last decision, and a producer that nobody else has but those who renew the same. */
async function fenceDecided(
  of: Renewal,
  othersMs: number,
): Promise<{ readonly user: User; readonly commits: boolean } | undefined> {
  const { transactions, line, id, careless } = of;
  for (let left = FENCES; ; left--) {
    const [last] = await line.call(() => [transactions.describe(id)] as const);
    if (last === undefined) return undefined;
    const commits = wasCommitted(last, careless);
    if (commits && last.isRenewal && careless.fencesAtOnce !== true)
      return { commits, user: { id, ...last } };
    const user = await initOnce(of, commits);
    if (user !== AGAIN && (!commits || othersMs === 0)) return { commits, user };
    if (user === AGAIN) left += 1;
    else if (left === 0) throw new BankChurnError('WRITER_FENCED', 'PRODUCER_FENCED');
    await line.sleep(user === AGAIN ? AGAIN_MS : othersMs);
  }
}

const initOnce = async (
  { transactions, line, id }: Renewal,
  isRenewal: boolean,
): Promise<User | typeof AGAIN> =>
  (await line.call(() => [transactions.initProducer(id, isRenewal)] as const))[0];

const wasCommitted = ({ state, isRenewal }: Described, { forgetsRenewals }: Careless): boolean =>
  state === 'commit' || (isRenewal && state !== 'abort' && forgetsRenewals !== true);
