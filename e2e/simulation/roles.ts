/** What simulated scorers do with records: a copy of each, or one output for every few. */
import { BankChurnError } from '../../schemas/errors.ts';
import { lastOffset } from '../../schemas/records.ts';
import type { Random } from '../../schemas/random.ts';
import type { Batch, Reject, Role } from '../../schemas/ports.ts';
import { SESSION_MS } from './group.ts';
import type { SimulatedProcess } from './process.ts';
import { heavy } from './values.ts';
import type { Weather } from './weather.ts';

/** Records of one output of a pane role. */
const PANE = 3;

/** A role with a bug: it throws an error without a code for some records, in the middle of a batch. */
export const cursed =
  (role: Role, isCursed: (offset: number) => boolean): Role =>
  async (batch, keepAlive) => {
    const first = [...batch.records].findIndex(({ offset }) => isCursed(offset));
    if (first === -1) return role(batch, keepAlive);
    if (first > 0) await role({ ...batch, records: batch.records.slice(0, first) }, keepAlive);
    throw new TypeError('cannot read properties of undefined');
  };

export const skip: Reject = () => ({ emit: [], commit: undefined, outcomes: new Map() });
/** A dead letter in the partition's order. */
export const mark: Reject = ({ partition, records: [record] }) => ({
  emit: [{ topic: 'out', partition, records: [{ key: null, value: `!${String(record!.offset)}` }] }],
  commit: record!.offset + 1,
  outcomes: new Map(),
});

/** How a copy role behaves. */
export interface CopyRole {
  readonly random: Random;
  readonly weather: Weather;
  /** A batch takes longer than a session. */
  readonly isSlow: boolean;
  /** Records whose outputs the broker finds too large. */
  isHeavy(offset: number): boolean;
}

/** One output a record, and their count; sometimes the registry is away, sometimes it takes longer than a session. */
export function copyRole(process: SimulatedProcess, { random, weather, isSlow, isHeavy }: CopyRole): Role {
  return async ({ partition, records }, keepAlive) => {
    await process.sleep(random.int(5));
    if (random.next() < weather.loss)
      throw new BankChurnError('REGISTRY_UNAVAILABLE', 'the registry is away');
    for (let i = isSlow ? 9 + random.int(7) : 0; i > 0; i--) {
      await process.sleep(SESSION_MS / 3);
      await keepAlive();
    }
    const offsets = [...records].map(({ offset }) => offset);
    const values = offsets.map((offset) => (isHeavy(offset) ? heavy(String(offset)) : String(offset)));
    const count = `${String(partition)}:${offsets.join('+')}`;
    return {
      emit: [
        { topic: 'out', partition, records: values.map((value) => ({ key: null, value })) },
        { topic: 'counts', partition: 0, records: [{ key: null, value: count }] },
      ],
      commit: lastOffset(records) + 1,
      outcomes: new Map(),
    };
  };
}

/** One output for every few records, and a commit there: what lies between is in memory only. */
export function paneRole(from: number): Role {
  let open: number[] = [];
  let next = from;
  return ({ partition, records }: Batch) => {
    const values: string[] = [];
    let commit: number | undefined;
    for (const { offset } of records) {
      if (offset < next) throw new Error('a record came twice');
      next = offset + 1;
      open.push(offset);
      if (open.length < PANE) continue;
      values.push(open.join('+'));
      open = [];
      commit = next;
    }
    const emit = [{ topic: 'out', partition, records: values.map((value) => ({ key: null, value })) }];
    return Promise.resolve({
      emit: commit === undefined ? [] : emit,
      commit,
      outcomes: new Map<string, number>(),
    });
  };
}

export function panesOf(offsets: readonly number[]): string[] {
  const panes: string[] = [];
  for (let i = 0; i + PANE <= offsets.length; i += PANE) panes.push(offsets.slice(i, i + PANE).join('+'));
  return panes;
}
