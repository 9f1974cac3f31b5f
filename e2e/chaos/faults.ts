/** Does one fault to the running world; resolves when it is over (not: when the world has recovered). */
import { setTimeout as sleep } from 'node:timers/promises';
import { addPartitions } from '../../kafka/kafkajs/cluster.fixture.ts';
import type { Cluster } from './cluster.ts';
import type { Fleet, Scorer } from './fleet.ts';
import type { BrokerRole, Fault } from './plan.ts';

/** A point that is not passed in this time is told as such. */
const PASS_MS = 15_000;
/** A zombie, and the last commit of a dead scorer, come back when others have its partitions. */
const ZOMBIE_MS = 8000;
/** By then each scorer has a commit on its way. */
const HOLD_MS = 500;
const DRAIN_MS = 25_000;
/** Longer than the cluster waits before it moves leaders and coordinators. */
const DOWN_MS = 5000;

/** What came of it: words for the log, and whether it hit. */
export interface Done {
  readonly words: string;
  readonly hit: boolean;
  readonly drainExit?: number | null;
}

/** Node id of the broker that has a role at present, once all replicas are in sync again. */
export type HolderOf = (role: BrokerRole, partition: number) => Promise<number>;

/** What a fault is done to. */
interface Target {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly holderOf: HolderOf;
}
type Kind = Fault['kind'];
/** A fault of this kind. */
type Of<K extends Kind> = Fault & { readonly kind: K };
type Strike<K extends Kind> = (fault: Of<K>, target: Target) => Promise<Done>;

const STRIKE: { readonly [K in Kind]: Strike<K> } = {
  failpoint: killAtPoint,
  kill: async ({ place }, { fleet }) => {
    await kill(fleet.at(place));
    return { words: `SIGKILL of scorer ${String(place)}`, hit: true };
  },
  zombie: stopAndContinue,
  late: releaseAfterDeath,
  drain,
  broker: async (_, { cluster }) => {
    await cluster.nodes[0]!.killBroker();
    await cluster.nodes[0]!.restartBroker();
    return { words: 'SIGKILL of the broker, and its restart', hit: true };
  },
  role: killHolder,
  resets: resetConnections,
  hole: degradeNetwork,
  slow: degradeNetwork,
  half: degradeNetwork,
  registry: async ({ ms }, { cluster }) => {
    cluster.registry.setMode('refuse');
    await sleep(ms);
    cluster.registry.setMode('open');
    return { words: `registry away for ${String(ms)} ms`, hit: true };
  },
  grow: async ({ partitions }, { cluster }) => {
    const { kafka, topics } = cluster.direct.config;
    const { churnScores, deadLetters, customerEvents } = topics.names;
    await addPartitions(kafka.brokers.join(), [churnScores, deadLetters, customerEvents], partitions);
    return { words: `partitions grown to ${String(partitions)}, outputs first`, hit: true };
  },
};

export function strike(fault: Fault, cluster: Cluster, fleet: Fleet, holderOf: HolderOf): Promise<Done> {
  const one = STRIKE[fault.kind] as (fault: Fault, target: Target) => Promise<Done>;
  return one(fault, { cluster, fleet, holderOf });
}

async function kill(scorer: Scorer): Promise<void> {
  scorer.kill('SIGKILL');
  await scorer.exited;
}

async function killAtPoint(fault: Of<'failpoint'>, { fleet }: Target): Promise<Done> {
  const { place, point, nth } = fault;
  const scorer = fleet.at(place);
  const attempt = (pass: number): Promise<boolean> => {
    const passed = scorer.failAt(point, pass, 'SIGKILL', PASS_MS);
    if (point === 'mid-drain') scorer.kill('SIGTERM');
    if (point === 'armed-before-seek') fleet.at((place + 1) % fleet.places).kill('SIGTERM'); // its partitions are armed here
    return passed;
  };
  const hit = (await attempt(nth)) || (!scorer.isGone() && (await attempt(1)));
  if (!hit) scorer.kill('SIGKILL');
  await scorer.exited;
  return { words: `SIGKILL of scorer ${String(place)} at ${point}, pass ${String(nth)}`, hit };
}

async function stopAndContinue(fault: Of<'zombie'>, { fleet }: Target): Promise<Done> {
  const { place, point, nth } = fault;
  const scorer = fleet.at(place);
  const hit = await scorer.failAt(point, nth, 'SIGSTOP', PASS_MS);
  if (!hit) scorer.kill('SIGSTOP');
  await sleep(ZOMBIE_MS);
  scorer.kill('SIGCONT');
  return { words: `scorer ${String(place)} stopped at ${point} for ${String(ZOMBIE_MS)} ms`, hit };
}

async function releaseAfterDeath({ place }: Of<'late'>, { cluster, fleet }: Target): Promise<Done> {
  const scorer = fleet.at(place);
  cluster.kafka.holdCommits();
  await sleep(HOLD_MS);
  await kill(scorer);
  await sleep(50); // its connections are seen to end
  const late = await cluster.kafka.releaseCommits(ZOMBIE_MS);
  return {
    words: `SIGKILL of scorer ${String(place)}; ${String(late)} of its commits came ${String(ZOMBIE_MS)} ms later`,
    hit: late > 0,
  };
}

async function drain({ place }: Of<'drain'>, { fleet }: Target): Promise<Done> {
  const scorer = fleet.at(place);
  scorer.kill('SIGTERM');
  const end = await Promise.race([scorer.exited, sleep(DRAIN_MS).then(() => undefined)]);
  if (end === undefined) scorer.kill('SIGKILL');
  const code = end?.code ?? null;
  return { words: `SIGTERM of scorer ${String(place)}: exit ${String(code)}`, hit: true, drainExit: code };
}

async function killHolder({ role, partition }: Of<'role'>, { cluster, holderOf }: Target): Promise<Done> {
  const holder = await holderOf(role, partition);
  const node = cluster.nodes[holder - 1]!;
  await node.killBroker();
  await sleep(DOWN_MS);
  await node.restartBroker();
  return {
    words: `SIGKILL of broker ${String(holder)}, ${role} (partition ${String(partition)}); back after ${String(DOWN_MS)} ms`,
    hit: true,
  };
}

async function resetConnections({ count }: Of<'resets'>, { cluster }: Target): Promise<Done> {
  let done = 0;
  for (let i = 0; i < 4; i++) {
    done += cluster.kafka.reset(count - done);
    if (done >= count) break;
    await sleep(500);
  }
  return { words: `${String(done)} connections reset`, hit: done > 0 };
}

async function degradeNetwork(
  { kind, ms }: Of<'hole' | 'slow' | 'half'>,
  { cluster }: Target,
): Promise<Done> {
  cluster.kafka.setMode(kind);
  await sleep(ms);
  cluster.kafka.setMode('open');
  return { words: `network: ${kind} for ${String(ms)} ms`, hit: true };
}
