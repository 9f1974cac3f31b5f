/** One membership, from the assignment to whatever ends it: its heartbeats, its session, and for the leader the topic's growth. */
import type { Clock } from '../../schemas/ports.ts';
import { isPassing, unheard } from './member-errors.ts';
import { GroupRefusal, type Generation, type GroupPort, type MemberAssignment } from './ports.ts';

/** What a member was given in its present generation. */
export interface Membership {
  /** The same object for as long as the membership lasts, and another one for the next. */
  readonly generation: Generation;
  readonly partitions: readonly number[];
  readonly goneWriters: readonly string[];
}

export interface Term extends Membership {
  isOver(): boolean;
  /** Resolves if the group has lately taken a heartbeat, or takes one now. @throws GroupRefusal, KafkaError */
  confirm(): Promise<void>;
  /** An error of something that carried the generation: unless it may pass by itself, the term is over. */
  judge(error: unknown): void;
  /** Nothing more is to be handed out. */
  end(): void;
  /** Resolves at the end. */
  readonly ended: Promise<void>;
}

export interface TermSettings {
  readonly group: Pick<GroupPort, 'heartbeat' | 'partitions'>;
  readonly groupId: string;
  readonly clock: Clock;
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly partitionCheckMs: number;
  /** How long to wait after so many heartbeats in a row that failed, milliseconds. */
  retryMs(failures: number): number;
  heard(): void;
  /** Called at the end, before anything else happens. `error`: why, unless it is only time to join again. */
  onEnd(error?: unknown): void;
}

/** What a member of a generation knows when it is assigned its partitions. */
export interface Opening {
  readonly generation: Generation;
  readonly given: Omit<MemberAssignment, 'memberId'>;
  /** Of the leader: of how many partitions it has divided. */
  readonly divided: number | undefined;
  /** When it asked for them, milliseconds: the session may count from then. */
  readonly askedMs: number;
}

export const stale = (): GroupRefusal => new GroupRefusal('stale', 'the generation is over');

/** A heartbeat is good for so many intervals. */
const FRESH_INTERVALS = 1.5;

interface State {
  isOver: boolean;
  /** When the last heartbeat that the group took was sent, milliseconds. */
  heardMs: number;
  /** Why no heartbeat has been taken since then. */
  lastError: unknown;
  end(error?: unknown): void;
}

async function watchSession(settings: TermSettings, state: State): Promise<void> {
  const { groupId, clock, sessionTimeoutMs } = settings;
  const restMs = (): number => state.heardMs + sessionTimeoutMs - clock.now();
  for (let leftMs = Math.max(1, restMs()); leftMs > 0; leftMs = restMs()) {
    await clock.sleep(leftMs);
    if (state.isOver) return;
  }
  state.end(state.lastError ?? unheard(groupId, sessionTimeoutMs));
}

/** That Kafka is away is the heartbeats' to say. */
async function watchPartitions(settings: TermSettings, state: State, divided: number): Promise<void> {
  const { group, clock, partitionCheckMs } = settings;
  for (let count = divided; count <= divided; count = await group.partitions().catch(() => 0)) {
    await clock.sleep(partitionCheckMs);
    if (state.isOver) return;
  }
  state.end();
}

/** Begins to send heartbeats. */
export function openTerm(settings: TermSettings, { generation, given, divided, askedMs }: Opening): Term {
  const { group, clock } = settings;
  const state: State = { isOver: false, heardMs: askedMs, lastError: undefined, end };
  let beating: Promise<void> | undefined;
  let resolveEnd = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    resolveEnd = resolve;
  });

  function end(error?: unknown): void {
    if (state.isOver) return;
    state.isOver = true;
    settings.onEnd(error);
    resolveEnd();
  }

  function judge(error: unknown): void {
    state.lastError = error;
    if (!isPassing(error)) end(error);
  }

  async function send(): Promise<void> {
    const sentMs = clock.now();
    await group.heartbeat(generation);
    if (state.isOver) throw stale();
    state.heardMs = sentMs;
    state.lastError = undefined;
    settings.heard();
  }

  function beat(): Promise<void> {
    beating ??= send()
      .catch((error: unknown) => {
        judge(error);
        throw error;
      })
      .finally(() => (beating = undefined));
    return beating;
  }

  async function keepBeating(failures = 0): Promise<void> {
    await clock.sleep(failures === 0 ? settings.heartbeatMs : settings.retryMs(failures - 1));
    if (state.isOver) return;
    const isTaken = await beat().then(
      () => true,
      () => false,
    );
    void keepBeating(isTaken ? 0 : failures + 1);
  }

  void keepBeating();
  void watchSession(settings, state);
  if (divided !== undefined) void watchPartitions(settings, state, divided);
  const { partitions, goneWriters } = given;
  return {
    ...{ generation, partitions, goneWriters, ended, judge, end },
    isOver: () => state.isOver,
    confirm: async () => {
      if (state.isOver) throw stale();
      if (clock.now() - state.heardMs > FRESH_INTERVALS * settings.heartbeatMs) await beat();
    },
  };
}
