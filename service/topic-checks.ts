/** Whether the topics of roles are as they need them. */
import type { TopicState } from '../kafka/port.ts';
import { noRightToDescribe } from '../kafka/topics.ts';
import type { Fault } from './fault.ts';

/** What a role reads and writes: each of its `outputs` needs as many partitions as its `topic`. */
export interface TopicNeeds {
  readonly topic: string;
  readonly outputs: readonly string[];
  readonly singles: readonly string[];
}

/** All that some roles need, each once. */
export const topicsOf = (needs: readonly TopicNeeds[]): string[] => [
  ...new Set(needs.flatMap(({ topic, outputs, singles }) => [topic, ...outputs, ...singles])),
];

/** What is wrong with topics, the deepest first: rights, topics that are missing, outputs with fewer partitions than the input. */
export function topicFaults(
  states: ReadonlyMap<string, TopicState>,
  needs: readonly TopicNeeds[],
): readonly Fault[] {
  const all = topicsOf(needs);
  const forbidden = all.filter((name) => states.get(name) === 'forbidden');
  const missing = all.filter((name) => states.get(name) === 'missing');
  const faults: Fault[] = [];
  if (forbidden.length > 0) faults.push({ code: 'KAFKA_UNAUTHORIZED', detail: noRightToDescribe(forbidden) });
  if (missing.length > 0) {
    const detail = `topics missing: ${missing.join(', ')} (make them: bankchurn topics create)`;
    faults.push({ code: 'TOPIC_MISSING', detail });
  }
  for (const { topic, outputs } of needs) {
    const short = outputs.filter((output) => isShort(states.get(topic), states.get(output)));
    if (short.length > 0) {
      const detail = `fewer partitions than ${topic} (${String(states.get(topic))}): ${short.join(', ')}`;
      faults.push({ code: 'PARTITION_MISSING', detail });
    }
  }
  return faults;
}

const isShort = (wanted: TopicState | undefined, is: TopicState | undefined): boolean =>
  typeof wanted === 'number' && typeof is === 'number' && is < wanted;

/** Why a partition has to wait: outputs grow before inputs, and one of these has not grown yet. */
export function partitionFault(
  outputs: ReadonlyMap<string, number>,
  topic: string,
  partition: number,
): string | undefined {
  const short = [...outputs].filter(([, count]) => partition >= count).map(([name]) => name);
  if (short.length === 0) return undefined;
  return `${topic} has a partition ${String(partition)}, ${short.join(' and ')} not: add partitions there; it waits`;
}
