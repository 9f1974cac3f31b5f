/**
 * The loop as a pure step: `step(state, happening) → [state, effects]`. The law it keeps (docs/adr/0001-exactly-once.md):
 *
 * 1. A partition is processed only after its writer was opened (which fences every predecessor and ends its transaction), and only
 *    then the committed offset was read, and claimed: `opening → locating → claiming → preparing → idle` is the only way to `idle`.
 * 2. Outputs and offset are committed together, and only then the fetch position moves: `resolve` follows `written` alone.
 * 3. On any doubt the writer is closed and the partition starts all over from what the broker says: `failed` and `unsound`
 *    never lead back to a phase with the same writer.
 * 4. Before a partition starts over after a batch failed, the group confirms that it is still ours: the only ways out of `asking`
 *    are `heard` and `unheard`, and out of `unheard` a heartbeat that the group took, or a new assignment.
 */
import {
  INITIAL_STATE,
  type Effect,
  type Happening,
  type InHand,
  type LoopRules,
  type LoopState,
  type Partition,
  type PartitionHappening,
  type Phase,
} from './loop-state.ts';
import { claimed, located, opened, prepared } from './loop-arming.ts';
import { askAgain, heard, stillUnheard, unheard } from './loop-asking.ts';
import {
  close,
  failed,
  isSound,
  newPartition,
  open,
  openAgain,
  settleQueued,
  turnAway,
  type Around,
  type Transition,
} from './loop-partition.ts';
import { decided, giveUp, giveUpWriter, queue, renew, takeUp, written } from './loop-processing.ts';

type Row = { readonly [K in PartitionHappening['kind']]?: Transition<K> };

/** Phase × happening. A happening that has no place in a row of its own turn cannot occur. */
const TABLE: Readonly<Record<Phase, Row>> = {
  opening: { opened, failed, delivered: turnAway },
  locating: { located, failed, delivered: turnAway },
  claiming: { claimed, failed, delivered: turnAway },
  preparing: { prepared, failed, delivered: turnAway },
  idle: { delivered: takeUp, unsound: renew, failed },
  deciding: { decided, failed: giveUp, unsound: giveUpWriter, delivered: queue },
  writing: { written, failed: giveUp, delivered: queue },
  asking: { heard, unheard, delivered: turnAway },
  resting: { waited: openAgain, delivered: turnAway },
  unheard: { waited: askAgain, heard: openAgain, unheard: stillUnheard, delivered: turnAway },
  ended: { delivered: turnAway },
};

/** One step of the loop. Pure: it calls none of the handles that it carries. */
export function step(
  state: LoopState,
  happening: Happening,
  rules: LoopRules,
): readonly [LoopState, readonly Effect[]] {
  switch (happening.kind) {
    case 'assigned':
      return assign(state, happening.partitions);
    case 'stopping':
      return [{ ...state, stopping: true }, []];
    case 'closing':
      return [{ ...INITIAL_STATE, stopping: true, lastTurn: state.lastTurn }, leave(state)];
    default:
      return move(state, happening, rules);
  }
}

/** All that the former assignment has open is closed; what is in hand ends when its answer comes, too late. */
const leave = ({ partitions }: LoopState): Effect[] =>
  [...partitions.values()].flatMap((p) => [...close(p), ...settleQueued(p)]);

function assign(state: LoopState, assigned: readonly number[]): readonly [LoopState, readonly Effect[]] {
  const effects: Effect[] = [...leave(state), { do: 'pause', partitions: assigned }];
  const partitions = new Map<number, Partition>();
  let { lastTurn } = state;
  for (const partition of assigned) {
    lastTurn += 1;
    const around = { stopping: state.stopping, nextTurn: lastTurn };
    const [opening, asked] = open(newPartition(partition, lastTurn), around);
    partitions.set(partition, opening);
    effects.push(...asked);
  }
  return [{ ...state, lastTurn, partitions }, effects];
}

function move(
  state: LoopState,
  happening: PartitionHappening,
  rules: LoopRules,
): readonly [LoopState, readonly Effect[]] {
  const p = state.partitions.get(happening.partition);
  if (p === undefined || ('turn' in happening && happening.turn !== p.turn))
    return [state, tooLate(happening)];
  const transition = TABLE[p.phase][happening.kind] as Transition<typeof happening.kind> | undefined;
  if (transition === undefined) return [state, tooLate(happening)];
  const around: Around = { rules, stopping: state.stopping, nextTurn: state.lastTurn + 1 };
  const [moved, effects] = transition(p, happening, around);
  const partitions = new Map(state.partitions).set(p.partition, moved);
  return [{ ...state, lastTurn: Math.max(state.lastTurn, moved.turn), partitions }, effects];
}

/** What answers a former turn: whatever it holds is closed and ended. A commit that succeeded after all is counted. */
function tooLate(happening: PartitionHappening): readonly Effect[] {
  switch (happening.kind) {
    case 'opened':
      return [{ do: 'close', writer: happening.writer }];
    case 'delivered':
      return [{ do: 'settle', inHand: happening.work.delivery }];
    case 'written': {
      const { batch, decision, stageMs, inHand } = happening;
      return [
        { do: 'report-committed', batch, decision, stageMs },
        { do: 'settle', inHand },
      ];
    }
    case 'decided':
    case 'failed':
    case 'unsound':
    case 'heard':
      return settleIf(happening.inHand);
    case 'unheard':
      return settleIf(happening.inHand, (happening.cause as { cause?: unknown }).cause);
    case 'located':
    case 'claimed':
    case 'prepared':
    case 'waited':
      return [];
  }
}

const settleIf = (inHand: InHand | undefined, error?: unknown): Effect[] =>
  inHand === undefined ? [] : [{ do: 'settle', inHand, error }];

const PROCESSING: ReadonlySet<Phase> = new Set<Phase>(['idle', 'deciding', 'writing']);

/** Partitions that process what comes. */
export const readyPartitions = ({ partitions }: LoopState, nowMs: number): number[] =>
  [...partitions.values()]
    .filter((p) => PROCESSING.has(p.phase) && isSound(p, nowMs))
    .map(({ partition }) => partition);
