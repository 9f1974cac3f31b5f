/** What one transaction of the shared writer carries: what partitions have ready, as requests that Kafka takes. */
import type { Emission } from '../../schemas/ports.ts';
import { isEncoded, type EncodedRecords } from '../../schemas/record-frames.ts';
import type { OutputRecord } from '../../schemas/ports.ts';
import type { OffsetCommit, ProduceBatch, TopicPartition } from './ports.ts';

/** What one input partition has ready to be committed. */
export interface Contribution {
  readonly emissions: readonly Emission[];
  /** undefined: nothing but outputs. */
  readonly offset: OffsetCommit | undefined;
}

/** A batch, and whose it is: several partitions share the topic of the drift counts. */
export interface OwnedBatch<C> {
  readonly batch: ProduceBatch;
  readonly owners: readonly C[];
}

/** A transaction in the order of its requests. */
export interface Round<C> {
  readonly partitions: readonly TopicPartition[];
  /** One request after the other: each has at most one batch for a partition. */
  readonly waves: readonly (readonly OwnedBatch<C>[])[];
  readonly offsets: readonly OffsetCommit[];
}

/** Small records of several partitions for one output partition share a batch: so many records, and about so many bytes, at most. */
const MERGED_RECORDS = 500;
const MERGED_BYTES = 200_000;

interface Lane<C> {
  readonly at: TopicPartition;
  readonly batches: OwnedBatch<C>[];
  /** Records of several contributions that are not encoded yet. */
  records: OutputRecord[];
  bytes: number;
  owners: Set<C>;
}

/**
 * Plans a round. The order of each contribution's emissions to an output partition is kept.
 *
 * @param merges whether small records of several contributions may share a batch.
 */
export function planRound<C extends Contribution>(
  contributions: readonly C[],
  encode: (records: readonly OutputRecord[]) => EncodedRecords,
  merges: boolean,
): Round<C> {
  const lanes = new Map<string, Lane<C>>();
  for (const contribution of contributions)
    for (const emission of contribution.emissions)
      put(laneOf(lanes, emission), emission, { owner: contribution, merges }, encode);
  for (const lane of lanes.values()) flush(lane, encode);
  return {
    partitions: [...lanes.values()].map(({ at }) => at),
    waves: wavesOf([...lanes.values()].map(({ batches }) => batches)),
    offsets: contributions.flatMap(({ offset }) => (offset === undefined ? [] : [offset])),
  };
}

function laneOf<C>(lanes: Map<string, Lane<C>>, { topic, partition }: TopicPartition): Lane<C> {
  const key = `${topic}/${String(partition)}`;
  const empty = { batches: [], records: [], bytes: 0, owners: new Set<C>() };
  const lane = lanes.get(key) ?? { at: { topic, partition }, ...empty };
  lanes.set(key, lane);
  return lane;
}

function put<C>(
  lane: Lane<C>,
  { records }: Emission,
  { owner, merges }: { readonly owner: C; readonly merges: boolean },
  encode: (records: readonly OutputRecord[]) => EncodedRecords,
): void {
  if (isEncoded(records)) {
    flush(lane, encode);
    lane.batches.push({ batch: { ...lane.at, records }, owners: [owner] });
    return;
  }
  const bytes = records.reduce((sum, record) => sum + aboutBytes(record), 0);
  // The sends of one contribution were split to fit: each stays a batch of its own.
  const isMerged = merges && lane.owners.size > 0 && !lane.owners.has(owner);
  const isFull = lane.records.length + records.length > MERGED_RECORDS || lane.bytes + bytes > MERGED_BYTES;
  if (!isMerged || isFull) flush(lane, encode);
  lane.records.push(...records);
  lane.bytes += bytes;
  lane.owners.add(owner);
}

/** Key and value; headers are small. */
const aboutBytes = ({ key, value }: OutputRecord): number => (key?.length ?? 0) + (value?.length ?? 0);

function flush<C>(lane: Lane<C>, encode: (records: readonly OutputRecord[]) => EncodedRecords): void {
  if (lane.records.length === 0) return;
  lane.batches.push({ batch: { ...lane.at, records: encode(lane.records) }, owners: [...lane.owners] });
  lane.records = [];
  lane.bytes = 0;
  lane.owners = new Set();
}

function wavesOf<C>(lanes: readonly (readonly OwnedBatch<C>[])[]): OwnedBatch<C>[][] {
  const waves: OwnedBatch<C>[][] = [];
  for (const lane of lanes)
    lane.forEach((batch, i) => {
      (waves[i] ??= []).push(batch);
    });
  return waves;
}
