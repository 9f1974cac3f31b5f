/** One chaos run: real Kafka, scorers as processes, faults by a seed, and a verdict of Kafka's own client. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../cli/context.ts';
import { eventEncoder } from '../../cli/encoders.ts';
import { transactionalIdOf } from '../../kafka/writers.ts';
import { createRandom } from '../../schemas/random.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { strike, type HolderOf } from './faults.ts';
import { startFleet, type Fleet } from './fleet.ts';
import { POISON_EVERY, writeInput } from './input.ts';
import { openOracle, type Oracle } from './java.ts';
import { FULL_RATE, PLACES, planFaults, rateFor, type Fault, type FaultCounts } from './plan.ts';

export interface ChaosOptions {
  readonly events: number;
  readonly seed: number;
  readonly faults: FaultCounts;
  /** Events a second; without it the stream lasts as long as the faults. */
  readonly rate?: number | undefined;
  /** 3: KRaft of three processes, replication 3, min.insync.replicas 2. */
  readonly brokers?: 1 | 3;
  readonly log: (line: string) => void;
  /** Further environment of the scorers (negative controls). */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the oracle's last reading (controls: read_uncommitted). */
  readonly isolation?: 'read_committed' | 'read_uncommitted';
  /** A control: the expected scores are those of a model with another byte. */
  readonly flipByte?: boolean;
  /** Longest wait for the last records; a control need not wait. */
  readonly doneTimeoutMs?: number;
  /** Ends the run before its time; it rejects with the reason. */
  readonly signal?: AbortSignal;
}

interface Watched {
  readonly seen: number;
  readonly duplicates: number;
  readonly disorder: number;
  readonly strays: number;
  readonly positions: Readonly<Record<string, number>>;
}
interface Judged {
  readonly input: number;
  readonly scores: number;
  readonly deadLetters: number;
  readonly missing: number;
  readonly invented: number;
  readonly duplicates: number;
  readonly disorder: number;
  readonly strays: number;
  readonly onlyUncommitted: number;
  readonly changedBytes: number;
  readonly changedHeaders: number;
}
interface Recomputed {
  readonly compared: number;
  readonly different: number;
  readonly deadLetters: number;
}

export interface Verdict {
  /** What is not as it must be; empty: exactly once. */
  readonly faults: readonly string[];
  readonly judged: Judged;
  readonly recomputed: Recomputed;
  /** Seconds from the end of each fault to progress on every partition, ascending. */
  readonly recoveries: readonly number[];
  readonly missedPoints: number;
  readonly peakMib: number;
  readonly wallSeconds: number;
}

const START_TIMEOUT_MS = 120_000;
const FIRST_SCORES = 1000;
const DONE_TIMEOUT_MS = 120_000;
const RECOVERY_TIMEOUT_MS = 40_000;
const SETTLE_MS = 700;

export async function runChaos(options: ChaosOptions): Promise<Verdict> {
  const begun = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'bankchurn-chaos-'));
  let oracle: Oracle | undefined;
  let cluster: Cluster | undefined;
  let fleet: Fleet | undefined;
  const aborted = new Promise<never>((_, reject) => {
    options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error));
  });
  aborted.catch(() => undefined);
  try {
    cluster = await startCluster(options.log, options.brokers);
    oracle = await openOracle(); // after it: its jars are the broker's
    options.signal?.throwIfAborted();
    fleet = startFleet(PLACES, { ...cluster.env, ...options.env });
    return await Promise.race([run({ options, begun, folder, oracle, cluster, fleet }), aborted]);
  } finally {
    await fleet?.stop();
    await oracle?.close();
    await cluster?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Running {
  readonly options: ChaosOptions;
  readonly begun: number;
  readonly folder: string;
  readonly oracle: Oracle;
  readonly cluster: Cluster;
  readonly fleet: Fleet;
}

async function run({ options, begun, folder, oracle, cluster, fleet }: Running): Promise<Verdict> {
  const { events, seed, log } = options;
  const { brokers, direct } = cluster;
  const plan = planFaults(options.faults, createRandom(seed));
  const rate = options.rate ?? rateFor(events, plan);
  const { names } = direct.config.topics;
  const seconds = (): string => `${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s`;
  const faults: string[] = [];
  const input = join(folder, 'input');
  await writeInput(input, events, seed, await eventEncoder(direct, 'avro'));

  let watched: Watched = { seen: 0, duplicates: 0, disorder: 0, strays: 0, positions: {} };
  let sent = 0;
  let isProduced = false;
  const watch = oracle.run<Watched>(['watch', brokers, names.churnScores, names.deadLetters], (line) => {
    watched = line;
  });
  const produce = oracle.run<{ sent: number; done?: true }>(
    ['produce', brokers, names.customerEvents, input, String(rate)],
    (line) => {
      sent = line.sent;
      isProduced = line.done === true;
    },
  );
  const until = async (isSo: () => boolean, ms: number): Promise<boolean> => {
    const end = Date.now() + ms;
    while (!isSo()) {
      if (Date.now() > end) return false;
      await sleep(50);
    }
    return true;
  };
  const broken = new Promise<never>((_, reject) => {
    watch.ended.catch(reject);
    produce.ended.catch(reject);
  });
  broken.catch(() => undefined);
  if (!(await Promise.race([until(() => watched.seen > FIRST_SCORES, START_TIMEOUT_MS), broken])))
    throw new Error(`no scores in ${String(START_TIMEOUT_MS)} ms:\n  ${fleet.at(0).tail()}`);

  const holderOf: HolderOf = async (role, partition) => {
    const { group } = direct.config;
    const transactionalId = transactionalIdOf(group, names.customerEvents, partition);
    const where = [group, transactionalId, names.churnScores, names.customerEvents, String(partition)];
    const holders = await oracle.run<Record<string, number>>(['holders', brokers, ...where]).ended;
    return holders![role]!;
  };
  const recoveries: number[] = [];
  let missedPoints = 0;
  for (const [i, fault] of plan.entries()) {
    if (options.rate === undefined) produce.tell(String(Math.max(1, rateFor(events - sent, plan.slice(i)))));
    if ('place' in fault) await fleet.ready(fault.place);
    const from = seconds();
    const done = await Promise.race([strike(fault, cluster, fleet, holderOf), broken]);
    if (!done.hit) missedPoints += 1;
    if (done.drainExit !== undefined && done.drainExit !== 0)
      faults.push(`a drain ended with ${String(done.drainExit)}`);
    const recovery = await recovered(fault);
    log(
      `${from}  ${done.words}${done.hit ? '' : ' (the point was not passed; done anyway)'}; on in ${recovery.toFixed(1)} s; ` +
        `${String(watched.seen)} of ${String(sent)}`,
    );
  }

  /** Seconds until every partition that had something to do has gone on. */
  async function recovered(fault: Fault): Promise<number> {
    const at = Date.now();
    await sleep(SETTLE_MS); // what was committed before the fault has been told
    const before = watched.positions;
    const places = Object.keys(before);
    if (isProduced) return 0;
    const isOn = (): boolean =>
      isProduced || places.every((place) => (watched.positions[place] ?? 0) > before[place]!);
    if (!(await until(isOn, RECOVERY_TIMEOUT_MS)))
      faults.push(`no recovery in ${String(RECOVERY_TIMEOUT_MS)} ms after ${fault.kind}`);
    const took = (Date.now() - at) / 1000;
    recoveries.push(took);
    return took;
  }

  if (options.rate === undefined) produce.tell(String(FULL_RATE));
  await until(() => isProduced, (events / rate) * 1000 + DONE_TIMEOUT_MS);
  await produce.ended;
  log(`${seconds()}  all ${String(sent)} events are in`);
  const doneMs = options.doneTimeoutMs ?? DONE_TIMEOUT_MS;
  if (!(await until(() => watched.seen >= events, doneMs)))
    faults.push(`${String(watched.seen)} of ${String(events)} were there after ${String(doneMs)} ms`);
  for (let place = 0; place < PLACES; place++) await fleet.ready(place);
  const exits = await fleet.stop();
  if (exits.some((code) => code !== 0)) faults.push(`the scorers ended with ${exits.join(', ')}`);
  watch.end();
  await watch.ended;
  for (const words of fleet.unasked) faults.push(`a scorer ended by itself: ${words}`);
  for (const what of ['duplicates', 'disorder', 'strays'] as const)
    if (watched[what] > 0) faults.push(`seen during the run: ${what} ${String(watched[what])}`);

  log(`${seconds()}  judging`);
  const judged = (await oracle.run<Judged>([
    'judge',
    brokers,
    names.customerEvents,
    names.churnScores,
    names.deadLetters,
    folder,
    options.isolation ?? 'read_committed',
  ]).ended)!;
  const partitions = Object.keys(watched.positions).length;
  const modelDir = join(packageRoot(), 'models/champion');
  const recomputed = await recompute(folder, partitions, modelDir, {
    ...cluster.env,
    KAFKA_BROKERS: brokers,
    FLIP_BYTE: options.flipByte === true ? '1' : '',
  });
  const poison = Math.floor(events / POISON_EVERY);
  const expected: [what: string, found: number, wanted: number][] = [
    ['events in the input', judged.input, events],
    ['scores', judged.scores, events - poison],
    ['dead letters', judged.deadLetters, poison],
    ['missing', judged.missing, 0],
    ['of nothing in the input', judged.invented, 0],
    ['doubled', judged.duplicates, 0],
    ['out of order', judged.disorder, 0],
    ['in another partition', judged.strays, 0],
    ['dead letters with other bytes', judged.changedBytes, 0],
    ['dead letters with other headers', judged.changedHeaders, 0],
    ['scores compared with the expected ones', recomputed.compared, events - poison],
    ['scores with other bits', recomputed.different, 0],
    ['dead letters expected', recomputed.deadLetters, poison],
  ];
  for (const [what, found, wanted] of expected)
    if (found !== wanted) faults.push(`${what}: ${String(found)}, wanted ${String(wanted)}`);
  return {
    faults,
    judged,
    recomputed,
    recoveries: recoveries.sort((a, b) => a - b),
    missedPoints,
    peakMib: fleet.peakMib(),
    wallSeconds: (Date.now() - begun) / 1000,
  };
}

async function recompute(
  folder: string,
  partitions: number,
  modelDir: string,
  env: Readonly<Record<string, string>>,
): Promise<Recomputed> {
  const script = join(packageRoot(), 'e2e/chaos/recompute.ts');
  const args = ['--import', 'tsx', script, folder, String(partitions), modelDir];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    cwd: packageRoot(),
    stdio: 'pipe',
  });
  let [said, words] = ['', ''];
  child.stdout.on('data', (data) => (said += String(data)));
  child.stderr.on('data', (data) => (words += String(data)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the expected scores could not be computed:\n${words}`);
  return JSON.parse(said) as Recomputed;
}
