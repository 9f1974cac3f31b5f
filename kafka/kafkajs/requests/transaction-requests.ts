/** Requests to the coordinator of a transactional id. */
import type { TopicPartition } from '../../group/ports.ts';
import type { InTransaction } from './offset-requests.ts';
import { byTopic, readCodes, requestOf, type PartitionCode, type WireRequest } from './request.ts';
import type { WireWriter } from './wire.ts';

export interface Initialised extends Omit<InTransaction, 'transactionalId'> {
  readonly code: number;
}

/** Version 1 (Kafka 2.0). */
export const initProducerIdRequest = (transactionalId: string, timeoutMs: number): WireRequest<Initialised> =>
  requestOf(
    { apiName: 'InitProducerId', apiKey: 22, apiVersion: 1 },
    (into) => into.text(transactionalId).int32(timeoutMs),
    (answer) => ({ code: answer.int16(), producerId: answer.bigint64(), producerEpoch: answer.int16() }),
  );

const writeProducer = (into: WireWriter, of: InTransaction): WireWriter =>
  into.text(of.transactionalId).int64(of.producerId).int16(of.producerEpoch);

/** Version 1 (Kafka 2.0). */
export const addPartitionsRequest = (
  of: InTransaction,
  partitions: readonly TopicPartition[],
): WireRequest<readonly PartitionCode[]> =>
  requestOf(
    { apiName: 'AddPartitionsToTxn', apiKey: 24, apiVersion: 1 },
    (into) =>
      writeProducer(into, of).array(byTopic(partitions), ([topic, these]) =>
        into.text(topic).array(these, ({ partition }) => into.int32(partition)),
      ),
    readCodes,
  );

/** Version 1 (Kafka 2.0). Answers with an error code. */
export const addOffsetsRequest = (of: InTransaction, groupId: string): WireRequest<number> =>
  requestOf(
    { apiName: 'AddOffsetsToTxn', apiKey: 25, apiVersion: 1 },
    (into) => writeProducer(into, of).text(groupId),
    (answer) => answer.int16(),
  );

/** Version 1 (Kafka 2.0). Answers with an error code. */
export const endTransactionRequest = (of: InTransaction, commits: boolean): WireRequest<number> =>
  requestOf(
    { apiName: 'EndTxn', apiKey: 26, apiVersion: 1 },
    (into) => writeProducer(into, of).int8(commits ? 1 : 0),
    (answer) => answer.int16(),
  );

/** The last transaction of an id, and the producer it is of. */
export interface DescribedTransaction extends InTransaction {
  readonly code: number;
  /** `Empty`, `Ongoing`, `PrepareCommit`, `CompleteCommit`, … */
  readonly state: string;
  /** As given to `InitProducerId`, milliseconds. */
  readonly timeoutMs: number;
}

export const DESCRIBE_TRANSACTIONS = 65;

/** Version 0 (Kafka 3.0, KIP-664): what became of the last transaction of an id. */
export const describeTransactionRequest = (transactionalId: string): WireRequest<DescribedTransaction> =>
  requestOf(
    { apiName: 'DescribeTransactions', apiKey: DESCRIBE_TRANSACTIONS, apiVersion: 0, isFlexible: true },
    (into) => into.compactArray([transactionalId], into.compactText).noTags(),
    (answer) => {
      const found = answer.compactArray(() => {
        const code = answer.int16();
        const id = answer.compactText() ?? '';
        const state = answer.compactText() ?? '';
        const timeoutMs = answer.int32();
        answer.int64(); // when it began
        const producer = { producerId: answer.bigint64(), producerEpoch: answer.int16() };
        answer.compactArray(() => {
          answer.compactText();
          answer.compactArray(answer.int32);
          answer.skipTags();
        });
        answer.skipTags();
        return { code, transactionalId: id, state, timeoutMs, ...producer };
      });
      if (found[0] === undefined) throw new RangeError('the answer is about no transaction');
      return found[0];
    },
  );
