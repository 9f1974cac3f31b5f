/** The monitor's state as a verdict carries it. Others may have written there too, and so have earlier releases. */
import type { DriftVerdict } from '../schemas/generated.ts';
import { isCount, isText, isTime } from './checks.ts';
import { CUSTOMER_COUNTERS } from './customers.ts';
import type { Reference } from './explain.ts';
import type { MonitorState } from './monitor.ts';
import type { Pane } from './pane.ts';
import type { Counted } from './ranges.ts';
import { INITIAL_POLICY, type PolicyState } from './request-policy.ts';

/** Panes of a window, as `drift.windowPanes` allows; blocks and requests of a week are fewer. */
const MOST = 1000;

/** The state as text. The order of its members is fixed: a monitor that was restarted writes the same bytes. */
export function stateText(state: MonitorState): string {
  const { modelSha256, activation, panes, streak, driftSince, requested, counted } = state;
  const { blocks, block, reference, requestStreak, calm, episode, requests, sinceRequest } = state;
  return JSON.stringify({
    ...{ modelSha256, activation, panes, streak, driftSince, requested, counted },
    ...{ blocks, block, reference, requestStreak, calm, episode, requests, sinceRequest },
  });
}

/**
 * The state; undefined: this is none, or not one of this verdict.
 *
 * A state of the release before has panes without customers: each of their events counts as a customer of its own. It has no
 * blocks: the request window begins anew. The request that it has made was named after model and activation alone.
 */
export function readState({ state, modelSha256, activation }: DriftVerdict): MonitorState | undefined {
  const raw = parse(state);
  if (raw === undefined || raw.modelSha256 !== modelSha256 || raw.activation !== activation) return undefined;
  const { driftSince = null, counted = {}, streak, requested, block = null, reference = null } = raw;
  if (!isCount(streak) || typeof requested !== 'boolean' || !isCounted(counted)) return undefined;
  if (driftSince !== null && !isTime(driftSince)) return undefined;
  const panes = readPanes(raw.panes);
  const blocks = readPanes(raw.blocks ?? []);
  const filling = block === null ? null : readPane(block);
  const former = requested ? `${modelSha256.slice(0, 16)}/${String(activation)}` : null;
  const policy = readPolicy({ episode: former, ...raw });
  if (panes === undefined || blocks === undefined || filling === undefined || policy === undefined)
    return undefined;
  if (reference !== null && !isReference(reference)) return undefined;
  return {
    ...{ modelSha256, activation, panes, open: undefined, streak, driftSince, requested, counted },
    ...{ blocks, block: filling, reference, startedAnew: null, ...policy },
  };
}

function parse(state: string): Partial<MonitorState> | undefined {
  try {
    const raw = JSON.parse(state) as Partial<MonitorState> | null;
    return typeof raw === 'object' && raw !== null ? raw : undefined;
  } catch {
    return undefined;
  }
}

function readPolicy(raw: Partial<PolicyState>): PolicyState | undefined {
  const { requestStreak, calm, episode, requests, sinceRequest } = { ...INITIAL_POLICY, ...raw };
  const isOne =
    isCount(requestStreak) &&
    isCount(calm) &&
    (episode === null || isText(episode)) &&
    Array.isArray(requests) &&
    requests.length <= MOST &&
    requests.every(isTime) &&
    (sinceRequest === null || isCount(sinceRequest));
  return isOne ? { requestStreak, calm, episode, requests, sinceRequest } : undefined;
}

function readPanes(panes: unknown): Pane[] | undefined {
  if (!Array.isArray(panes) || panes.length > MOST) return undefined;
  const read = panes.map(readPane);
  return read.every((pane) => pane !== undefined) ? read : undefined;
}

function readPane(raw: unknown): Pane | undefined {
  const pane = raw as Partial<Pane> | null | undefined;
  const { firstOffset, lastOffset, events, minTimestamp, maxTimestamp, counts, customers = [] } = pane ?? {};
  const isOne =
    [firstOffset, lastOffset, events].every((value) => isCount(value)) &&
    isTime(minTimestamp) &&
    isTime(maxTimestamp) &&
    Array.isArray(counts) &&
    (counts as unknown[]).every(isCounts) &&
    isCounts(customers) &&
    (customers.length === 0 || customers.length === CUSTOMER_COUNTERS);
  if (!isOne) return undefined;
  const { contributions = counts.map(() => 0) } = pane!;
  return isSums(contributions) ? { ...(pane as Pane), customers, contributions } : undefined;
}

const isCounts = (counts: unknown): counts is number[] =>
  Array.isArray(counts) && counts.every((n) => isCount(n));
const isSums = (sums: unknown): sums is number[] => Array.isArray(sums) && sums.every(Number.isFinite);

const isReference = (raw: unknown): raw is Reference => {
  const { events, contributions } = raw as Partial<Reference>;
  return isCount(events) && isSums(contributions);
};

function isCounted(counted: unknown): counted is Counted {
  if (typeof counted !== 'object' || counted === null) return false;
  return Object.values(counted as Record<string, unknown>).every(
    (partitions) =>
      typeof partitions === 'object' &&
      partitions !== null &&
      Object.values(partitions as Record<string, unknown>).every((offset) => isCount(offset)),
  );
}
