/** The fetches: from each broker one at a time, for all of its partitions that can take something. */
import { backOff } from '../../schemas/back-off.ts';
import type { Clock, Delivery } from '../../schemas/ports.ts';
import { createLeaders } from './fetch-leaders.ts';
import { heldBytes, isWanting, type PartitionFetch } from './fetch-partition.ts';
import { planFetch, type Asked, type FetchPlan, type FetchRules } from './fetch-plan.ts';
import { isLasting, isPassing } from './member-errors.ts';
import type { FetchedPartition, FetchPort } from './ports.ts';

/** The membership that an assignment is of. */
export interface Hold {
  /** `heartbeat` of its deliveries. */
  readonly confirm: Delivery['heartbeat'];
  /** Something cannot be fetched, and no waiting mends it. */
  lose(error: unknown): void;
}

/** The present assignment; replaced in place. */
export interface Assigned {
  partitions: ReadonlyMap<number, PartitionFetch>;
  hold: Hold;
}

/** Takes an answer. @returns whether it brought something that is still wanted. */
export type Accept = (answer: FetchedPartition, asked: Asked) => boolean;

export interface AskingSettings {
  readonly port: FetchPort;
  readonly clock: Clock;
  readonly rules: FetchRules;
  readonly assigned: Assigned;
  readonly accept: Accept;
  /** A broker has answered. */
  answered(): void;
  /** There may be something to do. */
  changed(): void;
}

export interface Asking {
  /** Begins all fetches that there can be. */
  ask(): void;
  /** A partition can take something again: while others cannot, its broker is asked to answer soon. */
  expect(partition: number): void;
  /** The leaders that are known are not the present ones. */
  renew(): void;
}

interface Broker {
  isBusy: boolean;
  failures: number;
  /** Fetches in a row that brought nothing. */
  empties: number;
  /** What the fetch under way may bring, bytes. */
  asked: number;
}

function brokerOf(brokers: Map<string, Broker>, name: string): Broker {
  const broker = brokers.get(name) ?? { isBusy: false, failures: 0, empties: 0, asked: 0 };
  brokers.set(name, broker);
  return broker;
}

/** Bytes that further fetches may bring. */
function free({ rules, assigned }: AskingSettings, brokers: ReadonlyMap<string, Broker>): number {
  let bytes = rules.totalBytes;
  for (const p of assigned.partitions.values()) bytes -= heldBytes(p);
  for (const { asked } of brokers.values()) bytes -= asked;
  return bytes;
}

/** @returns whether an answer brought something that is still wanted. */
function take(accept: Accept, { asked }: FetchPlan, answers: readonly FetchedPartition[]): boolean {
  const byPartition = new Map(asked.map((each) => [each.partition, each]));
  let isAny = false;
  for (const answer of answers) {
    const was = byPartition.get(answer.partition);
    if (was !== undefined && accept(answer, was)) isAny = true;
  }
  return isAny;
}

export function createAsking(settings: AskingSettings): Asking {
  const { port, clock, rules, assigned } = settings;
  const brokers = new Map<string, Broker>();
  const leaders = createLeaders({
    ...{ port, clock, retryMs: rules.retryMs, onKnown: settings.changed },
    onError: (error, times) => {
      if (isLasting(error, times)) assigned.hold.lose(error);
    },
  });

  /** All partitions of each broker that is not busy and has something to fetch. */
  function idle(): [string, PartitionFetch[]][] {
    const led = new Map<string, PartitionFetch[]>();
    for (const p of assigned.partitions.values()) {
      const leader = leaders.of(p.partition);
      if (leader === undefined) {
        if (isWanting(p)) leaders.renew();
      } else if (!brokerOf(brokers, leader).isBusy) {
        const all = led.get(leader);
        if (all === undefined) led.set(leader, [p]);
        else all.push(p);
      }
    }
    return [...led].filter(([, all]) => all.some(isWanting));
  }

  async function fetchFrom(leader: string, broker: Broker, plan: FetchPlan): Promise<void> {
    const { lose } = assigned.hold;
    broker.isBusy = true;
    broker.asked = plan.bytes;
    try {
      const answers = await port.fetch(leader, plan.asked, plan.maxWaitMs);
      settings.answered();
      broker.failures = 0;
      broker.empties = take(settings.accept, plan, answers) ? 0 : broker.empties + 1;
    } catch (error) {
      leaders.renew();
      if (!isPassing(error)) lose(error);
      await clock.sleep(backOff(rules.retryMs, broker.failures++));
    }
    broker.isBusy = false;
    broker.asked = 0;
    settings.changed();
  }

  return {
    renew: leaders.renew,
    ask: () => {
      const brokersToAsk = idle();
      let left = free(settings, brokers);
      brokersToAsk.forEach(([leader, led], i) => {
        const broker = brokerOf(brokers, leader);
        const plan = planFetch(led, Math.floor(left / (brokersToAsk.length - i)), broker.empties, rules);
        if (plan === undefined) return;
        left -= plan.bytes;
        void fetchFrom(leader, broker, plan);
      });
    },
    expect: (partition) => {
      const leader = leaders.of(partition);
      if (leader === undefined) leaders.renew();
      else brokerOf(brokers, leader).empties = 0;
    },
  };
}
