/** Where records lie: the bounds of partitions, the newest offsets, and where a group goes on. */
import { BankChurnError } from '../schemas/errors.ts';
import type { Position } from '../schemas/ports.ts';
import type { CommittedOffset, ConsumerSettings, KafkaAdmin, KafkaClient, OffsetRange } from './port.ts';
import { topicRecreated } from './topic-identity.ts';

/** What the broker holds of each partition of a topic. */
export const boundsOf = (
  kafka: Pick<KafkaClient, 'administer'>,
  topic: string,
): Promise<readonly OffsetRange[]> => kafka.administer((admin) => admin.offsetBounds(topic));

/**
 * The newest offsets of a topic: at most `records` in all, the same number of each partition, and none from before
 * `sinceMs` (milliseconds since 1970; null: no such limit).
 */
export async function tailRanges(
  kafka: Pick<KafkaClient, 'administer'>,
  topic: string,
  records: number,
  sinceMs: number | null,
): Promise<OffsetRange[]> {
  return kafka.administer(async (admin) => {
    const bounds = await admin.offsetBounds(topic);
    const since = sinceMs === null ? undefined : await admin.offsetsSince(topic, sinceMs);
    const each = Math.floor(records / Math.max(1, bounds.length));
    return bounds.map(({ partition, from, to }) => {
      const first = since === undefined ? from : (since.get(partition) ?? to);
      return { partition, from: Math.max(from, to - each, first), to };
    });
  });
}

/**
 * Where a group goes on in a partition: after its committed offset, or after the outputs of an earlier run, or where it starts.
 *
 * @throws BankChurnError TOPIC_RECREATED if offset or outputs are of another topic of this name; what `writtenBefore` throws.
 */
export async function findPosition(
  admin: PositionAdmin,
  settings: PositionSettings,
  partition: number,
): Promise<Position> {
  const known = await lookForPositions(admin, settings);
  return positionIn(known, admin, settings, partition);
}

type PositionAdmin = Pick<KafkaAdmin, 'committedOffsets' | 'offsetBounds' | 'offsetsSince' | 'topicId'>;

/** What the broker has of a topic and its group at one moment: enough for the positions of all partitions. */
export interface KnownPositions {
  readonly topicId: string | undefined;
  readonly committed: ReadonlyMap<number, CommittedOffset>;
  readonly bounds: readonly OffsetRange[];
}

export async function lookForPositions(
  admin: Pick<PositionAdmin, 'committedOffsets' | 'offsetBounds' | 'topicId'>,
  { topic, groupId }: Pick<PositionSettings, 'topic' | 'groupId'>,
): Promise<KnownPositions> {
  // Before all else: if the topic is created anew in between, what is read here carries the former id, and is found out.
  const topicId = await admin.topicId(topic);
  const committed = await admin.committedOffsets(groupId, topic);
  return { topicId, committed, bounds: await admin.offsetBounds(topic) };
}

/** As `findPosition`, of what is known. */
export async function positionIn(
  { topicId, committed: all, bounds: held }: KnownPositions,
  admin: Pick<PositionAdmin, 'offsetsSince'>,
  settings: PositionSettings,
  partition: number,
): Promise<Position> {
  const { topic, groupId } = settings;
  const committed = all.get(partition);
  const bounds = held.find((entry) => entry.partition === partition);
  if (bounds === undefined)
    throw new BankChurnError('BROKER_UNAVAILABLE', `${topic} has no partition ${String(partition)} yet`);
  const { from: low, to: high } = bounds;
  const around = { start: low, low, high, topicId };
  if (committed !== undefined) {
    const { offset, topicId: was } = committed;
    if (was !== undefined && topicId !== undefined && was !== topicId)
      throw topicRecreated(topic, `${groupId} has committed offset ${String(offset)}`, was, topicId);
    return { committed: offset, ...around };
  }
  const written = await settings.writtenBefore?.(partition, topicId);
  if (written !== undefined) return { committed: written, ...around };
  return { committed: undefined, ...around, start: await startOffset(admin, settings, bounds) };
}

/** Where each of these partitions goes on by the group's offsets and the start position alone. */
export async function findCommitted(
  admin: Pick<KafkaAdmin, 'committedOffsets' | 'offsetBounds' | 'offsetsSince'>,
  settings: PositionSettings,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const committed = await admin.committedOffsets(settings.groupId, settings.topic);
  const found = new Map(partitions.map((partition) => [partition, committed.get(partition)?.offset]));
  if ([...found.values()].includes(undefined)) {
    for (const bounds of await admin.offsetBounds(settings.topic))
      if (found.has(bounds.partition) && found.get(bounds.partition) === undefined)
        found.set(bounds.partition, await startOffset(admin, settings, bounds));
  }
  return new Map(
    [...found].flatMap(([partition, offset]) => (offset === undefined ? [] : [[partition, offset]])),
  );
}

type PositionSettings = Pick<ConsumerSettings, 'topic' | 'groupId' | 'startFrom' | 'writtenBefore'>;

async function startOffset(
  admin: Pick<KafkaAdmin, 'offsetsSince'>,
  { topic, startFrom }: PositionSettings,
  { partition, from, to }: OffsetRange,
): Promise<number> {
  if (startFrom === 'earliest') return from;
  if (startFrom === 'latest') return to;
  return (await admin.offsetsSince(topic, startFrom.timestampMs)).get(partition) ?? to;
}
