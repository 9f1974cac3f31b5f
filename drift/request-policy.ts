/** When a drift that was found leads to a retrain request: once per episode, not too soon after another, not too often. */
import { GONE, type DriftRule } from './rule.ts';
import { scorePsiOf, type WindowTest } from './window-test.ts';

/** What the policy remembers. The last two outlive an activation. */
export interface PolicyState {
  /** Verdicts in a row in which the request window has drifted. */
  readonly requestStreak: number;
  /** Verdicts in a row in which it was calm. */
  readonly calm: number;
  /** The request that was made about the drift that is there; null: none, the monitor is armed. */
  readonly episode: string | null;
  /** Event times of the requests of the last seven days, milliseconds since 1970. */
  readonly requests: readonly number[];
  /** Events since the last request; null: there was none. */
  readonly sinceRequest: number | null;
}

export const INITIAL_POLICY: PolicyState = {
  requestStreak: 0,
  calm: 0,
  episode: null,
  requests: [],
  sinceRequest: null,
};

/** Why a drift leads to no request: the window is not full, not confirmed, asked already, too soon, too often. */
export type Withheld = 'window' | 'persistence' | 'asked' | 'cooldown' | 'budget';

/** What the request window says now. */
export interface Finding {
  readonly test: WindowTest;
  readonly isFull: boolean;
  /** The score's PSI is above the threshold, on enough customers. */
  readonly byPsi: boolean;
  /** Of the newest pane. */
  readonly events: number;
  /** The greatest event time of the window, milliseconds since 1970. */
  readonly timeMs: number;
  /** The id that a request made now would have. */
  readonly requestId: string;
  /** When the request of that id was refused (rejected, failed, expired), milliseconds since 1970; undefined: it was not. */
  readonly refusedAt: (requestId: string) => number | undefined;
}

const WEEK_MS = 7 * 24 * 3_600_000;
/** Event time by which a refusal must be past: until then not every reader of the model log may know it. */
const SETTLED_MS = 5000;

/** Takes the next verdict. `request`: whether a new model is asked for. */
export function decideRequest(
  former: PolicyState,
  finding: Finding,
  rule: DriftRule,
): PolicyState & { readonly request: boolean; readonly withheld: Withheld | null } {
  const { test, isFull, byPsi, timeMs, requestId } = finding;
  const requestStreak = isFull && test.drifted ? former.requestStreak + 1 : 0;
  const isCalm = test.calm && scorePsiOf(test) < GONE * rule.threshold;
  const calm = isCalm ? former.calm + 1 : 0;
  const requests = former.requests.filter((at) => Math.abs(timeMs - at) < WEEK_MS);
  const sinceRequest = former.sinceRequest === null ? null : former.sinceRequest + finding.events;
  const isOver = calm >= rule.persistence || isRefused(former.episode, finding);
  const state = { requestStreak, calm, requests, sinceRequest, episode: isOver ? null : former.episode };
  if (!test.drifted && !byPsi) return { ...state, request: false, withheld: null };
  const withheld = withheldBy(state, finding, rule);
  if (withheld !== null) return { ...state, request: false, withheld };
  const asked = { episode: requestId, requests: [...requests, timeMs], sinceRequest: 0 };
  return { ...state, ...asked, request: true, withheld: null };
}

function isRefused(episode: string | null, { refusedAt, timeMs }: Finding): boolean {
  const at = episode === null ? undefined : refusedAt(episode);
  return at !== undefined && at + SETTLED_MS <= timeMs;
}

function withheldBy(
  state: PolicyState,
  { isFull, byPsi, timeMs }: Finding,
  rule: DriftRule,
): Withheld | null {
  const { requestStreak, episode, requests, sinceRequest } = state;
  if (!isFull) return 'window';
  if (!byPsi && requestStreak < rule.persistence) return 'persistence';
  if (episode !== null) return 'asked';
  const last = requests.at(-1);
  const isSoon =
    (sinceRequest !== null && sinceRequest < rule.cooldownEvents) ||
    (last !== undefined && timeMs - last < rule.cooldownMs);
  if (isSoon) return 'cooldown';
  return requests.length >= rule.weeklyRequests ? 'budget' : null;
}
