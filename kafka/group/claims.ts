/** Claims: offsets that are committed in our name before the first transaction. Those of one moment and generation go together. */
import { gathering } from './gather.ts';
import type { Generation, OffsetCommit, OffsetsPort } from './ports.ts';

export type Claim = (generation: Generation, offset: OffsetCommit) => Promise<void>;

export function createClaims({ commit }: Pick<OffsetsPort, 'commit'>): Claim {
  let latest:
    { readonly generationId: number; readonly claim: (offset: OffsetCommit) => Promise<void> } | undefined;
  return (generation, offset) => {
    const { generationId } = generation;
    if (latest?.generationId !== generationId)
      latest = { generationId, claim: together((offsets) => commit(generation, offsets)) };
    return latest.claim(offset);
  };
}

function together(
  commit: (offsets: readonly OffsetCommit[]) => Promise<void>,
): (offset: OffsetCommit) => Promise<void> {
  const wanted = new Map<number, OffsetCommit>();
  const gathered = gathering(async (partitions: readonly number[]) => {
    await commit(partitions.map((partition) => wanted.get(partition)!));
    return new Map(partitions.map((partition) => [partition, undefined]));
  });
  return async (offset) => {
    wanted.set(offset.partition, offset);
    await gathered(offset.partition);
  };
}
