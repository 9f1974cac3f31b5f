/** Batches on their way to the leaders of their partitions, and what became of each. */
import type { ProduceBatch, Produced } from '../../group/ports.ts';
import { METADATA_MAX_AGE_MS } from '../client.io.ts';
import { tooLarge } from '../records.ts';
import { translateError, writing } from '../translate-errors.ts';
import type { Address } from './cluster-requests.ts';
import { crc32c } from './crc32c.io.ts';
import type { Directory } from './directory.io.ts';
import type { Lines } from './lines.io.ts';
import { uncovered } from './offsets.io.ts';
import {
  produceRequest,
  type NumberedBatch,
  type ProducedBatch,
  type ProducerState,
} from './produce-request.ts';
import { CODES, errorOf } from './refusals.io.ts';

/** How long a leader waits for the replicas that are in sync, milliseconds. */
const REPLICAS_MS = 10_000;
/**
 * With these nothing was written for certain: LEADER_NOT_AVAILABLE (nothing was sent), MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE,
 * TOPIC_AUTHORIZATION_FAILED, INVALID_RECORD.
 */
const NOTHING_WRITTEN = new Set([5, 10, 18, 29, 87]);
const TOO_LARGE = new Set([10, 18]);
/** The number behind the largest of a record in a partition: then they begin again at 0. */
const SEQUENCES = 2 ** 31;
const MOVED = new Set<number>([CODES.UNKNOWN_TOPIC_OR_PARTITION, CODES.LEADER_NOT_AVAILABLE, 6]);

export interface Delivery {
  /** One request to each leader, side by side; a result for each batch, in their order. Rejects where an answer does not come. */
  produce(batches: readonly ProduceBatch[]): Promise<readonly Produced[]>;
  /** Whether it is known of each batch so far if it was written. */
  isCertain(): boolean;
}

export function createDelivery(directory: Directory, lines: Lines, producer: ProducerState): Delivery {
  const sequences = new Map<string, number>();
  let isStale = false;
  let isCertain = true;

  const numbered = (batch: ProduceBatch): NumberedBatch => ({
    ...batch,
    sequence: producer.producerId < 0n ? -1 : (sequences.get(keyOf(batch)) ?? 0),
  });
  async function send({ address, batches }: Led): Promise<readonly ProducedBatch[]> {
    const line = await lines.to(address);
    const of = { timestampMs: Date.now(), crc32c, waitMs: REPLICAS_MS };
    return line.ask(produceRequest(batches.map(numbered), producer, of));
  }
  /** Where each partition is led; those without a leader are left out. */
  async function leadersOf(batches: readonly ProduceBatch[]): Promise<ReadonlyMap<string, Address>> {
    const topics = [...new Set(batches.map(({ topic }) => topic))];
    const found = await directory.leaders(topics, isStale ? 0 : METADATA_MAX_AGE_MS);
    isStale = false;
    const leaders = new Map<string, Address>();
    for (const { topic, partitions } of found)
      for (const { partition, nodeId } of partitions) {
        const address = directory.address(nodeId);
        if (address !== undefined) leaders.set(keyOf({ topic, partition }), address);
      }
    return leaders;
  }
  function note(
    batch: ProduceBatch,
    { code, baseOffset }: Pick<ProducedBatch, 'code' | 'baseOffset'>,
  ): Produced {
    const { topic, partition, records } = batch;
    if (code === 0) {
      const next = (sequences.get(keyOf(batch)) ?? 0) + records.count;
      sequences.set(keyOf(batch), next % SEQUENCES);
      return { topic, partition, baseOffset, error: undefined };
    }
    isStale ||= MOVED.has(code);
    isCertain &&= NOTHING_WRITTEN.has(code);
    return { topic, partition, baseOffset: -1, error: errorFor(batch, code) };
  }

  return {
    produce: async (batches) => {
      const leaders = await leadersOf(batches);
      const answers = await Promise.all(byLeader(batches, leaders).map(send));
      const found = new Map(answers.flat().map((answer) => [keyOf(answer), answer]));
      return batches.map((batch) => {
        const answer = found.get(keyOf(batch));
        if (answer !== undefined) return note(batch, answer);
        if (!leaders.has(keyOf(batch)))
          return note(batch, { code: CODES.LEADER_NOT_AVAILABLE, baseOffset: -1 });
        isCertain = false;
        const { topic, partition } = batch;
        return { topic, partition, baseOffset: -1, error: uncovered(topic, partition) };
      });
    },
    isCertain: () => isCertain,
  };
}

interface Led {
  readonly address: Address;
  readonly batches: ProduceBatch[];
}

function byLeader(batches: readonly ProduceBatch[], leaders: ReadonlyMap<string, Address>): readonly Led[] {
  const led = new Map<string, Led>();
  for (const batch of batches) {
    const address = leaders.get(keyOf(batch));
    if (address === undefined) continue;
    const name = `${address.host}:${String(address.port)}`;
    const found = led.get(name);
    if (found === undefined) led.set(name, { address, batches: [batch] });
    else found.batches.push(batch);
  }
  return [...led.values()];
}

function errorFor({ topic, records }: ProduceBatch, code: number): Error {
  const cause = errorOf(code, topic);
  return TOO_LARGE.has(code)
    ? tooLarge(topic, records.count, cause)
    : (translateError(cause, writing([topic])) as Error);
}

const keyOf = ({ topic, partition }: Pick<ProduceBatch, 'topic' | 'partition'>): string =>
  `${topic}/${String(partition)}`;
