/** Transactional writers. */
import './patches/install.io.ts'; // before the library
import type { Kafka, Producer } from 'kafkajs';
import { offsetNote } from '../offset-note.ts';
import type { ExclusiveTransaction, ExclusiveWriter, WriterScope } from '../port.ts';
import { METADATA_MAX_AGE_MS } from './client.io.ts';
import { openTransactions } from './patches/transactions.io.ts';
import { explicit } from './producer.io.ts';
import { sendCovered } from './records.ts';
import { retryPassing } from './retry-passing.io.ts';
import {
  reading,
  throwNeeding,
  throwTranslated,
  translated,
  writing,
  type Needs,
} from './translate-errors.ts';

/** An open transaction of a dead scorer is ended by the coordinator after this long. */
const TRANSACTION_TIMEOUT_MS = 15_000;
/** The default first wait of 300 ms halves the throughput of transactions. */
const QUICK_RETRY = { initialRetryTime: 5, multiplier: 1.5, retries: 30, maxRetryTime: 1000 };

/** See `KafkaClient.openFencedWriter`. */
export const openFencedWriter = (
  kafka: Kafka,
  transactionalId: string,
  scope: WriterScope,
): Promise<ExclusiveWriter> => {
  const topics = [...new Set(scope.outputs.map(({ topic }) => topic))];
  const { groupId } = scope;
  const needs = {
    ...writing(topics),
    transactionalId: `WRITE transactional id ${transactionalId}`,
    ...(groupId === undefined ? {} : { group: `READ group ${groupId}` }),
  };
  return translated(async () => {
    const producer = kafka.producer({
      transactionalId,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      allowAutoTopicCreation: false,
      createPartitioner: explicit,
      retry: QUICK_RETRY,
      metadataMaxAge: METADATA_MAX_AGE_MS,
    });
    try {
      await producer.connect();
      const isSound = await openTransactions(producer, transactionalId, scope);
      return {
        begin: () => begin(producer, scope.groupId, needs).catch(throwNeeding(needs)),
        isSound,
        close: () => producer.disconnect().catch(throwTranslated),
      };
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
  }, needs);
};

async function begin(
  producer: Producer,
  groupId: string | undefined,
  needs: Needs,
): Promise<ExclusiveTransaction> {
  const transaction = await producer.transaction();
  return {
    send: (emission) =>
      sendCovered(transaction, emission).catch(throwNeeding({ ...needs, ...writing([emission.topic]) })),
    sendOffsets: (topic, partition, nextOffset, topicId) => {
      // The library passes the text on, though its types do not name it.
      const offset = { partition, offset: String(nextOffset), metadata: offsetNote(topicId) };
      const topics = [{ topic, partitions: [offset] }];
      if (groupId === undefined) return Promise.reject(new Error('a writer without a group has no offsets'));
      // kafkajs itself does not repeat what adds offsets. (A failed commit cannot be repeated: its state machine has no way back.)
      return retryPassing(() => transaction.sendOffsets({ consumerGroupId: groupId, topics })).catch(
        throwNeeding({ ...needs, ...reading([topic], groupId) }),
      );
    },
    commit: () => transaction.commit().catch(throwNeeding(needs)),
    abort: () => transaction.abort().catch(throwNeeding(needs)),
  };
}
