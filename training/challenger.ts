import { createHash } from 'node:crypto';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { Dataset } from './dataset.ts';
import type { LabelledEvent } from './labels.ts';
import type { Split } from './split.ts';

/** Labelled rows of the stream, split by customer. */
export interface FreshRows {
  readonly train: readonly LabelledEvent[];
  /** Never trained on: the gate compares champion and challenger on them. */
  readonly holdout: readonly LabelledEvent[];
}

/** A number in 0..1 that belongs to the customer, for good. */
function shareOf(customerId: string): number {
  return createHash('sha256').update(customerId).digest().readUInt32BE(0) / 2 ** 32;
}

/** All rows of a customer are on one side, the same one in each training. */
export function splitFresh(rows: readonly LabelledEvent[], holdoutShare: number): FreshRows {
  const isHeldOut = ({ event }: LabelledEvent): boolean => shareOf(event.customerId) < holdoutShare;
  return { train: rows.filter((row) => !isHeldOut(row)), holdout: rows.filter(isHeldOut) };
}

/** What a challenger is trained on. */
export interface ChallengerData {
  readonly dataset: Dataset;
  readonly split: Split;
  /** Positions of the stream's rows: the profile is theirs, for drift is watched against the present stream. */
  readonly profileRows: readonly number[];
  /** Of them those that were not trained on: the score's profile is theirs. */
  readonly scoreProfileRows: readonly number[];
}

/**
 * The base set, where there is one, and the stream's rows behind each other. Holdout is the base set's, else the stream's.
 * Customers of the base holdout are not trained on, wherever their rows come from.
 *
 * @param heldOut further customers that are not trained on.
 */
export function challengerData(
  fresh: FreshRows,
  base: { readonly dataset: Dataset; readonly split: Split } | undefined,
  heldOut: readonly string[] = [],
): ChallengerData {
  const baseRows = base?.dataset.events.length ?? 0;
  const rows = [...fresh.train, ...fresh.holdout];
  const position = (i: number): number => baseRows + i;
  const freshTrain = fresh.train.map((_, i) => position(i));
  const freshHoldout = fresh.holdout.map((_, i) => position(fresh.train.length + i));
  const held = new Set([
    ...heldOut,
    ...(base?.split.holdout.map((i) => base.dataset.events[i]!.customerId) ?? []),
  ]);
  const baseTrain = (base?.split.train ?? []).filter((i) => !held.has(base!.dataset.events[i]!.customerId));
  const trainable = freshTrain.filter((_, i) => !held.has(fresh.train[i]!.event.customerId));
  return {
    dataset: {
      name: 'stream',
      sha256: digest(rows, base?.dataset.sha256),
      events: [...(base?.dataset.events ?? []), ...rows.map(({ event }) => event)],
      labels: Uint8Array.from([
        ...(base?.dataset.labels ?? []),
        ...rows.map(({ churned }) => Number(churned)),
      ]),
      rowNumbers: Array.from({ length: baseRows + rows.length }, (_, i) => i + 1),
    },
    split: {
      name: base === undefined ? 'stream-by-customer' : `${base.split.name}+stream`,
      train: [...baseTrain, ...trainable],
      holdout: base?.split.holdout ?? freshHoldout,
    },
    profileRows: [...freshTrain, ...freshHoldout],
    scoreProfileRows: freshHoldout,
  };
}

function digest(rows: readonly LabelledEvent[], baseSha256 = ''): string {
  const hash = createHash('sha256').update(baseSha256);
  for (const { event, churned } of rows)
    hash.update(`${event.eventId}\n${String(churned)}\n${inputs(event)}\n`);
  return hash.digest('hex');
}

const inputs = (event: CustomerEvent): string => JSON.stringify(event, Object.keys(event).sort());
