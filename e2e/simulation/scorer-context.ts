/** What a simulated scorer is given, and what a planted bug may change of it. */
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import type { step } from '../../consumers/loop-step.ts';
import type { Generation } from '../../kafka/group/ports.ts';
import type { SharedWriterPorts } from '../../kafka/group/shared-writer.ts';
import type { MemberSettings } from '../../kafka/group/member.ts';
import type { FencePorts, TakeoverPorts } from '../../kafka/group/takeover.ts';
import type { Random } from '../../schemas/random.ts';
import type { Delivery, Reject, Role } from '../../schemas/ports.ts';
import type { KafkaPorts } from './kafka-ports.ts';
import type { SimulatedKafka } from './kafka.ts';
import type { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import type { Careless } from './renewal.ts';

/** What a planted bug may change. */
export interface Bent {
  readonly kafka?: (ports: KafkaPorts, present: () => Generation | undefined, id: string) => KafkaPorts;
  readonly careless?: Careless;
  readonly takeover?: (ports: TakeoverPorts, fencing: FencePorts) => TakeoverPorts;
  readonly fencing?: (ports: FencePorts) => FencePorts;
  readonly fenceGone?: (fence: MemberSettings['fenceGone']) => MemberSettings['fenceGone'];
  readonly writer?: (ports: SharedWriterPorts) => SharedWriterPorts;
  readonly loop?: (ports: LoopPorts, id: string) => LoopPorts;
  /** Hears of each fetch that is handed on, before the loop is. */
  readonly fetched?: (id: string, partition: number, last: number) => void;
  readonly delivery?: (delivery: Delivery) => Delivery;
  /** The step of the loop, bent. */
  readonly step?: typeof step;
  /** A fetch of before a seek is handed on as if nothing had happened. */
  readonly staleFetches?: boolean;
  /** What is in flight is not waited for before the group is joined again. */
  readonly joinsAtOnce?: boolean;
}

export interface ScorerContext {
  /** Name of the process, and of its writer. */
  readonly id: string;
  readonly kafka: SimulatedKafka;
  readonly process: SimulatedProcess;
  readonly random: Random;
  readonly time: Scheduler;
  readonly movingStart: boolean;
  /** Records come from a client that hands them on twice, and late. */
  readonly isCarelessClient: boolean;
  readonly openRole: (process: SimulatedProcess, partition: number, offset: number) => Role;
  readonly reject: Reject;
  readonly bent: Bent;
  /** Of anything that must not be. */
  readonly onViolation: (what: string) => void;
  /** A line of the story, for whoever looks at a world. */
  readonly say: (what: string) => void;
}
