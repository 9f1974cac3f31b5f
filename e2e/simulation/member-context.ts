/** What a simulated scorer is given, and what a planted bug may change of it. */
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import type { step } from '../../consumers/loop-step.ts';
import type { Random } from '../../schemas/random.ts';
import type { Delivery, Reject, Role } from '../../schemas/ports.ts';
import type { SimulatedBroker } from './broker.ts';
import type { SimulatedGroup } from './group.ts';
import type { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** What a planted bug may change. */
export interface Bent {
  readonly ports?: (ports: LoopPorts, member: MemberContext) => LoopPorts;
  readonly delivery?: (delivery: Delivery, partition: number) => Delivery;
  /** Told of each fetch that is handed on, before the loop is. */
  readonly fetched?: (id: string, partition: number, last: number) => void;
  /** The step of the loop, bent. */
  readonly step?: typeof step;
  /** A fetch of before a seek is handed on as if nothing had happened. */
  readonly staleFetches?: boolean;
}

export interface MemberContext {
  readonly id: string;
  readonly broker: SimulatedBroker;
  readonly group: SimulatedGroup;
  readonly process: SimulatedProcess;
  readonly random: Random;
  readonly time: Scheduler;
  readonly movingStart: boolean;
  readonly openRole: (process: SimulatedProcess, partition: number, offset: number) => Role;
  readonly reject: Reject;
  readonly bent: Bent;
  /** Of anything that must not be. */
  readonly onFault: (what: string) => void;
}
