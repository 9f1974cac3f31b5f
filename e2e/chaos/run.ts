/** One chaos run: real Kafka, scorers as processes, faults by a seed, and a verdict of Kafka's own client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventEncoder } from '../../cli/encoders.ts';
import { partitionWriterId, writerIdOf } from '../../kafka/writers.ts';
import { createRandom } from '../../schemas/random.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { strike, type HolderOf } from './faults.ts';
import { startFleet, type Fleet } from './fleet.ts';
import { writeInput } from './input.ts';
import { openOracle, type Oracle } from './java.ts';
import { judge, type Judgement } from './judge.ts';
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
/** Empty faults: exactly once. */
export interface Verdict extends Judgement {
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

async function run(running: Running): Promise<Verdict> {
  const { options, begun, folder, cluster, fleet } = running;
  const { events, seed, log } = options;
  const plan = planFaults(options.faults, createRandom(seed));
  const rate = options.rate ?? rateFor(events, plan);
  const faults: string[] = [];
  const input = join(folder, 'input');
  await writeInput(input, events, seed, await eventEncoder(cluster.direct, 'avro'));
  const stream = startStream(running, input, rate);
  if (!(await stream.orBroken(until(() => stream.watched().seen > FIRST_SCORES, START_TIMEOUT_MS))))
    throw new Error(`no scores in ${String(START_TIMEOUT_MS)} ms:\n  ${fleet.at(0).tail()}`);

  const { recoveries, missedPoints } = await strikeAll(running, plan, stream, faults);
  if (options.rate === undefined) stream.setRate(FULL_RATE);
  await until(() => stream.isProduced(), (events / rate) * 1000 + DONE_TIMEOUT_MS);
  await stream.produced;
  log(`${secondsSince(begun)}  all ${String(stream.sent())} events are in`);
  await finish(running, stream, faults);

  log(`${secondsSince(begun)}  judging`);
  const partitions = Object.keys(stream.watched().positions).length;
  const judgement = await judge({ ...options, oracle: running.oracle, cluster, folder, partitions });
  return {
    ...judgement,
    faults: [...faults, ...judgement.faults],
    recoveries: recoveries.sort((a, b) => a - b),
    missedPoints,
    peakMib: fleet.peakMib(),
    wallSeconds: (Date.now() - begun) / 1000,
  };
}

const secondsSince = (begun: number): string => `${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s`;

async function until(isSo: () => boolean, ms: number): Promise<boolean> {
  const end = Date.now() + ms;
  while (!isSo()) {
    if (Date.now() > end) return false;
    await sleep(50);
  }
  return true;
}

/** The events on their way in, and what comes out as it is seen. */
interface Stream {
  readonly watched: () => Watched;
  readonly sent: () => number;
  readonly isProduced: () => boolean;
  readonly produced: Promise<unknown>;
  /** Events a second from now on. */
  setRate(rate: number): void;
  /** Rejects if one of the two ends in an error. */
  orBroken<T>(work: Promise<T>): Promise<T>;
  /** Stops watching. */
  endWatch(): Promise<unknown>;
}

function startStream({ oracle, cluster: { brokers, direct } }: Running, input: string, rate: number): Stream {
  const { names } = direct.config.topics;
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
  const broken = new Promise<never>((_, reject) => {
    watch.ended.catch(reject);
    produce.ended.catch(reject);
  });
  broken.catch(() => undefined);
  return {
    watched: () => watched,
    sent: () => sent,
    isProduced: () => isProduced,
    produced: produce.ended,
    setRate: (next) => produce.tell(String(next)),
    orBroken: (work) => Promise.race([work, broken]),
    endWatch: () => {
      watch.end();
      return watch.ended;
    },
  };
}

const holderOf =
  ({ oracle, cluster: { brokers, direct } }: Running): HolderOf =>
  async (role, partition) => {
    const { group, topics } = direct.config;
    const { customerEvents, churnScores } = topics.names;
    const noted = await direct.kafka.administer((admin) => admin.committedOffsets(group, customerEvents));
    const owner = noted.get(partition)?.writers.at(-1);
    const transactionalId =
      owner === undefined
        ? partitionWriterId(group, customerEvents, partition)
        : writerIdOf(group, customerEvents, owner);
    const where = [group, transactionalId, churnScores, customerEvents, String(partition)];
    const holders = await oracle.run<Record<string, number>>(['holders', brokers, ...where]).ended;
    return holders![role]!;
  };

/** Does the faults of the plan one after the other, each with its recovery. Adds to `faults` what is not as it must be. */
async function strikeAll(
  running: Running,
  plan: readonly Fault[],
  stream: Stream,
  faults: string[],
): Promise<{ recoveries: number[]; missedPoints: number }> {
  const { options, begun, cluster, fleet } = running;
  const recoveries: number[] = [];
  let missedPoints = 0;
  for (const [i, fault] of plan.entries()) {
    if (options.rate === undefined)
      stream.setRate(Math.max(1, rateFor(options.events - stream.sent(), plan.slice(i))));
    if ('place' in fault) await fleet.ready(fault.place);
    const from = secondsSince(begun);
    const done = await stream.orBroken(strike(fault, cluster, fleet, holderOf(running)));
    if (!done.hit) missedPoints += 1;
    if (done.drainExit !== undefined && done.drainExit !== 0)
      faults.push(`a drain ended with ${String(done.drainExit)}`);
    const recovery = await recovered(stream);
    if (recovery?.isOn === false)
      faults.push(`no recovery in ${String(RECOVERY_TIMEOUT_MS)} ms after ${fault.kind}`);
    if (recovery !== undefined) recoveries.push(recovery.seconds);
    options.log(
      `${from}  ${done.words}${done.hit ? '' : ' (the point was not passed; done anyway)'}; on in ${(recovery?.seconds ?? 0).toFixed(1)} s; ` +
        `${String(stream.watched().seen)} of ${String(stream.sent())}`,
    );
  }
  return { recoveries, missedPoints };
}

/** Waits until every partition that had something to do has gone on; undefined if there is nothing more to do. */
async function recovered(stream: Stream): Promise<{ seconds: number; isOn: boolean } | undefined> {
  const at = Date.now();
  await sleep(SETTLE_MS); // what was committed before the fault has been told
  const before = stream.watched().positions;
  const places = Object.keys(before);
  if (stream.isProduced()) return undefined;
  const isPast = (place: string): boolean => (stream.watched().positions[place] ?? 0) > before[place]!;
  const isOn = await until(() => stream.isProduced() || places.every(isPast), RECOVERY_TIMEOUT_MS);
  return { seconds: (Date.now() - at) / 1000, isOn };
}

/** Waits for the last records and ends the scorers. Adds to `faults` what is not as it must be. */
async function finish({ options, fleet }: Running, stream: Stream, faults: string[]): Promise<void> {
  const { events } = options;
  const doneMs = options.doneTimeoutMs ?? DONE_TIMEOUT_MS;
  if (!(await until(() => stream.watched().seen >= events, doneMs)))
    faults.push(
      `${String(stream.watched().seen)} of ${String(events)} were there after ${String(doneMs)} ms`,
    );
  for (let place = 0; place < PLACES; place++) await fleet.ready(place);
  const exits = await fleet.stop();
  if (exits.some((code) => code !== 0)) faults.push(`the scorers ended with ${exits.join(', ')}`);
  await stream.endWatch();
  for (const words of fleet.unasked) faults.push(`a scorer ended by itself: ${words}`);
  const watched = stream.watched();
  for (const what of ['duplicates', 'disorder', 'strays'] as const)
    if (watched[what] > 0) faults.push(`seen during the run: ${what} ${String(watched[what])}`);
}
