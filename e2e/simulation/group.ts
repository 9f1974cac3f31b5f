/** The group coordinator: sessions that expire, rebalances that wait for members, assignments in any order. */
import type { Random } from '../../schemas/random.ts';
import type { Scheduler } from './scheduler.ts';

export const SESSION_MS = 120;
const REBALANCE_MS = 250;

export class GroupChanged extends Error {}

export interface Membership {
  readonly id: string;
  generation: number;
}

export interface SimulatedGroup {
  /** Asks for partitions; `assign` is called when the group has agreed. */
  join(id: string, assign: (generation: number, partitions: number[]) => void): void;
  /** @throws GroupChanged */
  heartbeat(member: Membership): void;
  leave(id: string): void;
  /** Whatever makes a group rebalance. */
  disturb(): void;
}

export function createGroup(partitions: number, random: Random, time: Scheduler): SimulatedGroup {
  const seen = new Map<string, number>();
  const joining = new Map<string, (generation: number, partitions: number[]) => void>();
  let generation = 0;
  let round = 0;
  let isStable = true;

  function rebalance(): void {
    if (!isStable) return;
    isStable = false;
    const mine = ++round;
    time.after(REBALANCE_MS, () => {
      if (mine !== round || isStable) return;
      for (const id of [...seen.keys()]) if (!joining.has(id)) seen.delete(id);
      agree();
    });
  }

  function agree(): void {
    if (isStable || [...seen.keys()].some((id) => !joining.has(id))) return;
    isStable = true;
    generation += 1;
    const members = [...joining];
    joining.clear();
    const offset = random.int(members.length + 1);
    members.forEach(([id, assign], i) => {
      seen.set(id, time.now());
      const mine = Array.from({ length: partitions }, (_, p) => p).filter(
        (p) => (p + offset) % members.length === i,
      );
      assign(generation, mine);
    });
  }

  function expire(): void {
    for (const [id, at] of seen) {
      if (time.now() - at <= SESSION_MS || joining.has(id)) continue;
      seen.delete(id);
      rebalance();
    }
    agree();
    time.after(20, expire);
  }
  expire();

  return {
    join: (id, assign) => {
      rebalance();
      seen.set(id, time.now());
      joining.set(id, assign);
      agree();
    },
    heartbeat: ({ id, generation: known }) => {
      if (!isStable || !seen.has(id) || known !== generation) throw new GroupChanged('rejoin');
      seen.set(id, time.now());
    },
    leave: (id) => {
      seen.delete(id);
      joining.delete(id);
      rebalance();
      agree();
    },
    disturb: rebalance,
  };
}
