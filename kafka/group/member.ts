/**
 * A member of the group: joins, sends heartbeats whatever is being processed, joins again when the group has changed, and comes back as
 * itself after an outage (ADR 12). Who may have lost its membership says so at once: nothing is handed out until it has joined again.
 */
import { backOff, type BackOff } from '../../schemas/back-off.ts';
import { incompatible, mayPass } from './member-errors.ts';
import { forget, joinGroup, leaveGroup, type JoinSettings, type Seat } from './member-join.ts';
import { GroupRefusal, type Generation } from './ports.ts';
import { openTerm, stale, type Membership, type Opening, type Term } from './term.ts';

export interface MemberEvents {
  /** Called before anything else can happen in the new generation. */
  assigned(membership: Membership): void;
  /** The group has taken a heartbeat. */
  heard(): void;
  /** Membership is over, or may be: nothing more may be handed out. Once for each `assigned`. */
  left(): void;
  /** It is no member now, and why; it tries again. */
  failed(error: unknown): void;
  /** It is none for good. */
  crashed(error: Error): void;
}

/** Milliseconds. */
export interface MemberTimes {
  readonly heartbeatMs: number;
  /** How often the leader looks for new partitions. */
  readonly partitionCheckMs: number;
  /** Longest wait for what is in hand before it joins again. */
  readonly quiesceMs: number;
  /** Longest wait for the group to take its leave. */
  readonly leaveMs: number;
  /** Between tries while Kafka does not answer. */
  readonly retryMs: BackOff;
  /** Between tries while members of an older release are in the group: up to twice this. */
  readonly incompatibleMs: number;
}

export const MEMBER_TIMES: MemberTimes = {
  heartbeatMs: 1000,
  partitionCheckMs: 10_000,
  quiesceMs: 3000,
  leaveMs: 2000,
  retryMs: { first: 100, longest: 2000 },
  incompatibleMs: 2500,
};

export interface MemberSettings extends JoinSettings {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Resolves when nothing is in hand any more: asked after `left`, before it joins again. */
  readonly quiesce: () => Promise<void>;
  readonly events: MemberEvents;
  readonly times?: Partial<MemberTimes>;
}

export interface Member {
  /** Joins, and stays a member until `stop`. Returns at once. */
  start(): void;
  /** The present generation; undefined: there is none, or it may be over. */
  generation(): Generation | undefined;
  /** Writers that the leader has fenced for the present generation, or for the last one. */
  goneWriters(): readonly string[];
  /**
   * Resolves if the group has lately taken a heartbeat of this generation, or takes one now.
   *
   * @throws GroupRefusal if the generation is over, a KafkaError if the group does not answer.
   */
  confirm(generation: Generation): Promise<void>;
  /** What carried this generation was refused, or failed for what no waiting mends: joins again. */
  lose(generation: Generation, error: unknown): void;
  /** Leaves the group, for good. */
  stop(): Promise<void>;
}

export function createMember(settings: MemberSettings): Member {
  const { clock, events } = settings;
  const times = { ...MEMBER_TIMES, ...settings.times };
  let term: Term | undefined;
  let isEnding = false;
  const isStopping = (): boolean => isEnding;
  const seat: Seat = { memberId: '', leaving: Promise.resolve(), isStopping };
  let joining: Promise<unknown> = Promise.resolve();
  let failures = 0;

  /** Not all members at the same moment. */
  const retryMs = (before: number): number => backOff(times.retryMs, before) * (0.75 + settings.random() / 2);

  /** Why it is no member, and as whom it joins again, if it does. @returns how long it waits before, milliseconds. */
  function fail(error: unknown): number {
    if (isStopping()) return 0;
    if (error instanceof GroupRefusal) {
      if (error.kind === 'unknown-member' || error.kind === 'fenced') forget(settings, seat);
      if (error.kind !== 'incompatible') return retryMs(0);
      events.failed(incompatible(settings.groupId, error));
      return times.incompatibleMs * (1 + settings.random());
    }
    if (mayPass(error)) events.failed(error);
    else crash(error);
    return retryMs(failures++);
  }

  function crash(error: unknown): void {
    isEnding = true;
    events.crashed(error as Error);
  }

  /** A member, from the assignment until that is over. @returns how long to wait before the next join, milliseconds. */
  async function serve(opening: Opening): Promise<number> {
    if (isStopping()) return 0;
    let waitMs = 0;
    const onEnd = (error?: unknown): void => {
      events.left();
      if (error === undefined) return;
      const restMs = fail(error);
      if (!(error instanceof GroupRefusal)) waitMs = restMs;
    };
    term = openTerm({ ...settings, ...times, retryMs, heard: events.heard, onEnd }, opening);
    events.assigned(term);
    await term.ended;
    if (clock.now() - opening.askedMs > times.retryMs.longest) failures = 0;
    if (!isStopping()) await Promise.race([settings.quiesce(), clock.sleep(times.quiesceMs)]);
    return waitMs;
  }

  async function run(): Promise<void> {
    while (!isStopping()) {
      const joined = joinGroup(settings, seat);
      joining = joined.catch(() => undefined);
      const waitMs = await joined.then((opening) => (opening === undefined ? 0 : serve(opening)), fail);
      if (waitMs > 0 && !isStopping()) await clock.sleep(waitMs);
    }
  }

  return {
    start: () => void run().catch(crash),
    generation: () => (term?.isOver() === false ? term.generation : undefined),
    goneWriters: () => term?.goneWriters ?? [],
    confirm: async (generation) => {
      if (term?.generation !== generation) throw stale();
      await term.confirm();
    },
    lose: (generation, error) => {
      if (term?.generation === generation) term.judge(error);
    },
    stop: async () => {
      isEnding = true;
      term?.end();
      // A join under way ends with a leave of its own.
      await Promise.race([leaveGroup(settings, seat).then(() => joining), clock.sleep(times.leaveMs)]);
    },
  };
}
