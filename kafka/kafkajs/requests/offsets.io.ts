/** Committed offsets of a group in its topic. */
import { BankChurnError } from '../../../schemas/errors.ts';
import type { Generation, NotedOffset, OffsetCommit, OffsetsPort } from '../../group/ports.ts';
import { reading, translated } from '../translate-errors.ts';
import { followCoordinator, type Coordinator, type Directory } from './directory.io.ts';
import { offsetCommitRequest, offsetFetchRequest, type FetchedOffset } from './offset-requests.ts';
import { CODES, persist, throwCode, throwGroupCode } from './refusals.io.ts';
import type { PartitionCode } from './request.ts';

/** Of whom no membership is asked. */
export const NOBODY: Generation = { generationId: -1, memberId: '' };

export function createOffsetsPort(directory: Directory, groupId: string, topic: string): OffsetsPort {
  const coordinator = followCoordinator(directory, 'group', groupId);
  const needs = reading([topic], groupId);
  return {
    read: (partitions, stable) =>
      translated(() => readOffsets(directory, coordinator, { groupId, topic, partitions, stable }), needs),
    commit: (of, offsets) =>
      translated(() => commitOffsets(directory, coordinator, { groupId, topic, of, offsets }), needs),
  };
}

async function readOffsets(
  directory: Directory,
  coordinator: Coordinator,
  of: { groupId: string; topic: string; partitions: readonly number[]; stable: boolean },
): Promise<ReadonlyMap<number, NotedOffset | 'unstable'>> {
  const { groupId, topic, partitions, stable } = of;
  if (partitions.length === 0) return new Map();
  const request = offsetFetchRequest(groupId, topic, partitions, stable);
  const offsets = await persist(
    async () => {
      const answer = await (await coordinator.line(directory.general)).ask(request);
      throwCode(answer.code);
      for (const { code } of answer.offsets)
        if (code !== CODES.UNSTABLE_OFFSET_COMMIT) throwCode(code, topic);
      return answer.offsets;
    },
    { forget: coordinator.forget, isOver: directory.isClosed },
  );
  const found = new Map(offsets.map((offset) => [offset.partition, offset]));
  return new Map(partitions.map((partition) => [partition, notedOf(topic, partition, found.get(partition))]));
}

function notedOf(
  topic: string,
  partition: number,
  found: FetchedOffset | undefined,
): NotedOffset | 'unstable' {
  if (found === undefined) throw uncovered(topic, partition);
  if (found.code === CODES.UNSTABLE_OFFSET_COMMIT) return 'unstable';
  return { offset: found.offset < 0 ? undefined : found.offset, note: found.note };
}

/** @throws GroupRefusal if the generation is over. */
export async function commitOffsets(
  directory: Directory,
  coordinator: Coordinator,
  {
    groupId,
    topic,
    of,
    offsets,
  }: { groupId: string; topic: string; of: Generation; offsets: readonly OffsetCommit[] },
): Promise<void> {
  if (offsets.length === 0) return;
  const request = offsetCommitRequest(groupId, of, topic, offsets);
  await persist(
    async () =>
      checkCommitted(await (await coordinator.line(directory.general)).ask(request), topic, offsets),
    { forget: coordinator.forget, isOver: directory.isClosed },
  );
}

/** Throws what the broker says of an offset that it has not taken, and if it does not say so of each. */
export function checkCommitted(
  codes: readonly PartitionCode[],
  topic: string,
  offsets: readonly OffsetCommit[],
): void {
  for (const { code } of codes) throwGroupCode(code, topic);
  const taken = new Set(codes.map(({ partition }) => partition));
  const missing = offsets.find(({ partition }) => !taken.has(partition));
  if (missing !== undefined) throw uncovered(topic, missing.partition);
}

export const uncovered = (topic: string, partition: number): BankChurnError =>
  new BankChurnError('TRANSACTION_FAILED', `the broker's reply does not cover ${topic}/${String(partition)}`);
