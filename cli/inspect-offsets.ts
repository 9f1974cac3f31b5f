/** Where a role stands in each partition of its topic, and what the service would do about it. */
import { createEarlierOutputs } from '../consumers/earlier-outputs.ts';
import { rangeError } from '../consumers/loop-arming.ts';
import { originOf } from '../consumers/output-origin.ts';
import { findPosition } from '../kafka/offsets.ts';
import type { KafkaAdmin, OffsetRange } from '../kafka/port.ts';
import { findLast } from '../kafka/read.ts';
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import { roleTopics, type RoleName, type RoleTopics } from '../service/role-topics.ts';
import type { Context } from './context.ts';

/** The last score or dead letter that was made from a partition. */
export interface LastOutput {
  readonly topic: string;
  /** Offset in its own partition; null: there is none. */
  readonly offset: number | null;
  /** The offset after the event that it was made from. */
  readonly end: number | null;
  readonly group: string | null;
  readonly topicId: string | null;
}

export interface PartitionReport {
  readonly partition: number;
  /** First and one past the last offset that the broker holds. */
  readonly low: number;
  readonly high: number;
  /** Of the topic that is there now; null: Kafka is too old to say. */
  readonly topicId: string | null;
  readonly committed: { readonly offset: number; readonly topicId: string | null } | null;
  /** Of the scorer; the other roles' outputs do not say where they came from. */
  readonly outputs: readonly LastOutput[];
  readonly verdict: string;
}

/** Outputs looked at, from the end of a partition. */
const MOST_SEARCHED = 1_000_000;

export function inspectPartitions(context: Context, name: RoleName): Promise<PartitionReport[]> {
  const role = roleTopics(name, context.config);
  return context.kafka.administer(async (admin) => {
    const topicId = (await admin.topicId(role.topic)) ?? null;
    const committed = await admin.committedOffsets(role.groupId, role.topic);
    const reports: PartitionReport[] = [];
    for (const bounds of await admin.offsetBounds(role.topic)) {
      const { partition, from: low, to: high } = bounds;
      const found = committed.get(partition);
      reports.push({
        ...{ partition, low, high, topicId },
        committed: found === undefined ? null : { offset: found.offset, topicId: found.topicId ?? null },
        outputs: name === 'scorer' ? await lastOutputs(context, role, partition) : [],
        verdict: await verdictOf(context, admin, name, bounds),
      });
    }
    return reports;
  });
}

async function lastOutputs(
  { kafka }: Context,
  { topic, outputs }: RoleTopics,
  partition: number,
): Promise<LastOutput[]> {
  const found: LastOutput[] = [];
  for (const output of outputs) {
    const { record } = await findLast(kafka, output, partition, MOST_SEARCHED, (candidate) =>
      originOf(topic, partition, candidate) !== undefined); // prettier-ignore
    const origin = record === undefined ? undefined : originOf(topic, partition, record);
    found.push({
      topic: output,
      offset: record?.offset ?? null,
      end: origin?.end ?? null,
      group: origin?.group ?? null,
      topicId: origin?.topicId ?? null,
    });
  }
  return found;
}

/** By the service's own rules. */
async function verdictOf(
  { kafka, config }: Context,
  admin: KafkaAdmin,
  name: RoleName,
  { partition }: OffsetRange,
): Promise<string> {
  const role = roleTopics(name, config);
  let why = 'the start of a new group';
  const writtenBefore = createEarlierOutputs({
    ...{ kafka, topic: role.topic, outputs: role.outputs, group: config.group, now: Date.now },
    onFound: () => {
      why = 'after the last output; no offset is committed';
    },
    onNewGroup: () => {
      why = 'the start of a new group; the outputs are of others';
    },
  });
  try {
    const position = await findPosition(
      admin,
      name === 'scorer' ? { ...role, writtenBefore } : role,
      partition,
    );
    const error = rangeError(role.topic, partition, position);
    if (error !== undefined) return refusal(error);
    if (position.committed !== undefined && why.startsWith('the start')) why = 'the committed offset';
    return `the service goes on at ${String(position.committed ?? position.start)}: ${why}`;
  } catch (error) {
    if (error instanceof BankChurnError && error.action === 'fatal') return refusal(error);
    throw error;
  }
}

const refusal = (error: BankChurnError): string => `the service refuses: ${error.code}: ${messageOf(error)}`;
