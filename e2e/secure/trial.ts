/** One right taken away from a running service and given back: what it said meanwhile, and how soon it was back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startService, type ServiceProcess } from '../../cli/service-process.io.ts';
import type { NeededRight, Right } from '../../service/rights.ts';
import type { RoleName } from '../../service/role-topics.ts';

/** From giving the right back to the last of what waited, milliseconds. */
export const RECOVERY_MS = 15_000;
/** So long a service may take to say what is in its way. */
const TELLING_MS = 12_000;
/** The right stays away for so long after that, so that the retries are seen too. */
const HOLD_MS = 2500;
const POLL_MS = 100;

export interface Health {
  readonly status: number;
  readonly detail: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A service whose words are kept. */
export interface Watched {
  readonly process: ServiceProcess;
  /** All lines of its log so far. */
  readonly lines: readonly string[];
  isGone(): boolean;
  health(): Promise<Health>;
  /** Samples by name and labels, as `/metrics` writes them. */
  metrics(): Promise<ReadonlyMap<string, number>>;
}

export async function startWatched(
  env: Readonly<Record<string, string>>,
  roles: readonly RoleName[],
): Promise<Watched> {
  const lines: string[] = [];
  let isGone = false;
  const process = await startService(env, roles, undefined, [], (line) => lines.push(line));
  const get = (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${String(process.port)}${path}`, { signal: AbortSignal.timeout(5000) });
  void process.exited.then(() => {
    isGone = true;
  });
  return {
    process,
    lines,
    isGone: () => isGone,
    health: async () => {
      const answer = await get('/health').catch(() => undefined);
      if (answer === undefined) return { status: 0, detail: 'no answer', body: {} };
      const body = (await answer.json()) as Record<string, unknown>;
      return { status: answer.status, detail: body['detail'] as string | undefined, body };
    },
    metrics: async () => {
      const text = (await (await get('/metrics').catch(() => undefined))?.text()) ?? '';
      const samples = text.split('\n').filter((line) => /^[a-z]/.test(line));
      return new Map(
        samples.map((line) => [
          line.slice(0, line.lastIndexOf(' ')),
          Number(line.slice(line.lastIndexOf(' ') + 1)),
        ]),
      );
    },
  };
}

/** What was seen while a right was away, and after. */
export interface Trial {
  readonly right: NeededRight;
  readonly when: 'while it runs' | 'at start';
  /** What `/health` said that names the right, else the last of what it said. */
  readonly health: string;
  /** The first line of the log that names the right. */
  readonly line: string | undefined;
  /** Metrics that changed and show it. */
  readonly metrics: readonly string[];
  /** From giving the right back; undefined: not within the time. */
  readonly recoveredMs: number | undefined;
}

const WORDS: Readonly<Record<Right['resource'], string>> = {
  TOPIC: 'topic',
  GROUP: 'group',
  TRANSACTIONAL_ID: 'transactional id',
};

/** Whether a text names the right and the resource. A right to read or write is also one to describe. */
export function names(text: string, { operation, resource, name }: Right): boolean {
  const operations = operation === 'READ' || operation === 'WRITE' ? [operation, 'DESCRIBE'] : [operation];
  return operations.some((word) => text.includes(`${word} ${WORDS[resource]} ${name}`));
}

/** Whether everything that waited is done; asked once the right is back. */
export type IsBack = (service: Watched) => boolean | Promise<boolean>;

/** How a right goes and comes. `take` gives the service work that needs it. */
export interface Coming {
  take(): Promise<IsBack>;
  giveBack(): Promise<void>;
}

export async function observe(
  right: NeededRight,
  when: Trial['when'],
  service: Watched,
  { take, giveBack }: Coming,
): Promise<Trial> {
  const { lines, health, metrics } = service;
  const from = when === 'at start' ? 0 : lines.length;
  const before = when === 'at start' ? new Map<string, number>() : await metrics();
  const isBack = await take();
  const deadline = Date.now() + (right.need === 'never' ? HOLD_MS : TELLING_MS);
  let last = await health();
  let telling: Health | undefined;
  let line: string | undefined;
  while (Date.now() < deadline && (line === undefined || telling === undefined)) {
    last = await health();
    if (names(JSON.stringify(last.body), right)) telling ??= last;
    line ??= lines.slice(from).find((text) => names(text, right));
    await sleep(POLL_MS);
  }
  await sleep(HOLD_MS);
  const during = await metrics();
  await giveBack();
  const begun = Date.now();
  let recoveredMs: number | undefined;
  while (recoveredMs === undefined && Date.now() - begun < RECOVERY_MS) {
    const now = await health();
    if (now.status === 200 && now.detail === undefined && (await isBack(service)))
      recoveredMs = Date.now() - begun;
    else await sleep(POLL_MS);
  }
  const { status, detail = '', body } = telling ?? last;
  const told = names(detail, right) ? detail : ((body['model_fault'] as string | undefined) ?? detail);
  return {
    right,
    when,
    health: `${String(status)} ${told}`,
    line,
    metrics: shown(before, during),
    recoveredMs,
  };
}

/** Gauges and counters that show that something is in the way. */
const SIGNS =
  /^churn_(kafka_up|partitions_unready|consumer_lag_(records|seconds)|batches_disarmed|.*disarmed|records_skipped|model_swaps).*/;

function shown(before: ReadonlyMap<string, number>, during: ReadonlyMap<string, number>): string[] {
  return [...during].flatMap(([sample, value]) =>
    SIGNS.test(sample) && before.get(sample) !== value && !(value === 0 && !before.has(sample))
      ? [`${sample} ${String(before.get(sample) ?? '')} → ${String(value)}`]
      : [],
  );
}
