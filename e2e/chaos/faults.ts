/** Does one fault to the running world; resolves when it is over (not: when the world has recovered). */
import { setTimeout as sleep } from 'node:timers/promises';
import { addPartitions } from '../../kafka/kafkajs/cluster.fixture.ts';
import type { Cluster } from './cluster.ts';
import type { Fleet } from './fleet.ts';
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

export async function strike(
  fault: Fault,
  cluster: Cluster,
  fleet: Fleet,
  holderOf: HolderOf,
): Promise<Done> {
  switch (fault.kind) {
    case 'failpoint': {
      const scorer = fleet.at(fault.place);
      const attempt = (nth: number): Promise<boolean> => {
        const passed = scorer.failAt(fault.point, nth, 'SIGKILL', PASS_MS);
        if (fault.point === 'mid-drain') scorer.kill('SIGTERM');
        if (fault.point === 'armed-before-seek') fleet.at((fault.place + 1) % fleet.places).kill('SIGTERM'); // its partitions are armed here
        return passed;
      };
      const hit = (await attempt(fault.nth)) || (!scorer.isGone() && (await attempt(1)));
      if (!hit) scorer.kill('SIGKILL');
      await scorer.exited;
      return {
        words: `SIGKILL of scorer ${String(fault.place)} at ${fault.point}, pass ${String(fault.nth)}`,
        hit,
      };
    }
    case 'kill': {
      const scorer = fleet.at(fault.place);
      scorer.kill('SIGKILL');
      await scorer.exited;
      return { words: `SIGKILL of scorer ${String(fault.place)}`, hit: true };
    }
    case 'zombie': {
      const scorer = fleet.at(fault.place);
      const hit = await scorer.failAt(fault.point, fault.nth, 'SIGSTOP', PASS_MS);
      if (!hit) scorer.kill('SIGSTOP');
      await sleep(ZOMBIE_MS);
      scorer.kill('SIGCONT');
      return {
        words: `scorer ${String(fault.place)} stopped at ${fault.point} for ${String(ZOMBIE_MS)} ms`,
        hit,
      };
    }
    case 'late': {
      const scorer = fleet.at(fault.place);
      cluster.kafka.holdCommits();
      await sleep(HOLD_MS);
      scorer.kill('SIGKILL');
      await scorer.exited;
      await sleep(50); // its connections are seen to end
      const late = await cluster.kafka.releaseCommits(ZOMBIE_MS);
      return {
        words: `SIGKILL of scorer ${String(fault.place)}; ${String(late)} of its commits came ${String(ZOMBIE_MS)} ms later`,
        hit: late > 0,
      };
    }
    case 'drain': {
      const scorer = fleet.at(fault.place);
      scorer.kill('SIGTERM');
      const end = await Promise.race([scorer.exited, sleep(DRAIN_MS).then(() => undefined)]);
      if (end === undefined) scorer.kill('SIGKILL');
      const code = end?.code ?? null;
      return {
        words: `SIGTERM of scorer ${String(fault.place)}: exit ${String(code)}`,
        hit: true,
        drainExit: code,
      };
    }
    case 'broker':
      await cluster.nodes[0]!.killBroker();
      await cluster.nodes[0]!.restartBroker();
      return { words: 'SIGKILL of the broker, and its restart', hit: true };
    case 'role': {
      const holder = await holderOf(fault.role, fault.partition);
      const node = cluster.nodes[holder - 1]!;
      await node.killBroker();
      await sleep(DOWN_MS);
      await node.restartBroker();
      return {
        words: `SIGKILL of broker ${String(holder)}, ${fault.role} (partition ${String(fault.partition)}); back after ${String(DOWN_MS)} ms`,
        hit: true,
      };
    }
    case 'resets': {
      let done = 0;
      for (let i = 0; i < 4; i++) {
        done += cluster.kafka.reset(fault.count - done);
        if (done >= fault.count) break;
        await sleep(500);
      }
      return { words: `${String(done)} connections reset`, hit: done > 0 };
    }
    case 'hole':
    case 'slow':
    case 'half':
      cluster.kafka.setMode(fault.kind);
      await sleep(fault.ms);
      cluster.kafka.setMode('open');
      return { words: `network: ${fault.kind} for ${String(fault.ms)} ms`, hit: true };
    case 'registry':
      cluster.registry.setMode('refuse');
      await sleep(fault.ms);
      cluster.registry.setMode('open');
      return { words: `registry away for ${String(fault.ms)} ms`, hit: true };
    case 'grow': {
      const { kafka, topics } = cluster.direct.config;
      const { churnScores, deadLetters, customerEvents } = topics.names;
      const growing = [churnScores, deadLetters, customerEvents];
      await addPartitions(kafka.brokers.join(), growing, fault.partitions);
      return { words: `partitions grown to ${String(fault.partitions)}, outputs first`, hit: true };
    }
  }
}
