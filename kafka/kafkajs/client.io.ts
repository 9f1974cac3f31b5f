/** Kafka, writing side: the client, plain producers, and the transactional writers of the loop. With `kafka/kafkajs/consumer.io.ts` the only file that knows kafkajs. */
import { readFileSync } from 'node:fs';
import { openTransactions } from './patches.io.ts'; // before the library
import kafkajs, {
  type IHeaders,
  type Kafka,
  type LogEntry,
  type Message,
  type Producer,
  type RecordMetadata,
} from 'kafkajs';
import { BankChurnError } from '../../schemas/errors.ts';
import { createPace } from '../../schemas/pace.ts';
import type { Emission, Writer, OpenWriter, OutputRecord, Transaction } from '../../schemas/ports.ts';
import { retryPassing } from './retry-passing.io.ts';
import { createRecordProducer, type IdempotentSender, type RecordProducer } from '../record-producer.ts';
import type { MarkerScope } from './renew-markers.io.ts';

export type { Kafka, RecordProducer };

/** How to reach the brokers. */
export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly sessionTimeoutMs: number;
  readonly ssl:
    | false
    | {
        readonly caFile?: string | undefined;
        readonly certFile?: string | undefined;
        readonly keyFile?: string | undefined;
      };
  readonly sasl:
    | undefined
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer';
        readonly username?: string | undefined;
        readonly passwordFile: string;
      };
}

/** Where kafkajs's own lines go. */
export type KafkaLog = (level: 'debug' | 'info' | 'warn', message: string, details: object) => void;

/** A request is given up before the session ends, so that its fault is told in time. */
const requestTimeoutMs = (sessionTimeoutMs: number): number => Math.min(10_000, sessionTimeoutMs * 0.6);
/** An open transaction of a dead scorer is ended by the coordinator after this long. */
const TRANSACTION_TIMEOUT_MS = 15_000;
/** The default first wait of 300 ms halves the throughput of transactions. */
const QUICK_RETRY = { initialRetryTime: 5, multiplier: 1.5, retries: 30, maxRetryTime: 1000 };
/** Lines of kafkajs about trouble are at least so far apart, milliseconds. */
const KAFKA_LINE_MS = 2000;
/** New partitions are seen after this long, milliseconds. */
export const METADATA_MAX_AGE_MS = 10_000;

/** A client of one cluster; nothing is connected before it is used. */
export function createKafka(settings: KafkaSettings, log: KafkaLog): Kafka {
  const file = (path: string | undefined): { buffer: Buffer } | undefined =>
    path === undefined ? undefined : { buffer: readFileSync(path) };
  const { ssl } = settings;
  return new kafkajs.Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    ssl:
      ssl === false
        ? false
        : { ca: file(ssl.caFile)?.buffer, cert: file(ssl.certFile)?.buffer, key: file(ssl.keyFile)?.buffer },
    ...(settings.sasl === undefined ? {} : { sasl: saslOptions(settings.sasl) }),
    connectionTimeout: 3000,
    requestTimeout: requestTimeoutMs(settings.sessionTimeoutMs),
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, multiplier: 2, maxRetryTime: 2000, retries: 8 },
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => forward(log),
  });
}

function saslOptions(sasl: NonNullable<KafkaSettings['sasl']>): kafkajs.SASLOptions {
  const secret = (): string => readFileSync(sasl.passwordFile, 'utf8').trim();
  if (sasl.mechanism === 'oauthbearer') {
    return { mechanism: 'oauthbearer', oauthBearerProvider: () => Promise.resolve({ value: secret() }) };
  }
  return {
    mechanism: sasl.mechanism,
    username: sasl.username ?? '',
    password: secret(),
  };
}

/** kafkajs calls each retry an error; ours are the loop's to tell. A broker that is away makes hundreds of lines a second. */
function forward(log: KafkaLog): (entry: LogEntry) => void {
  const pace = createPace(KAFKA_LINE_MS);
  return ({ level, namespace, log: entry }) => {
    const { message, ...details } = entry;
    const isTrouble = level === kafkajs.logLevel.ERROR || level === kafkajs.logLevel.WARN;
    const passedOver = isTrouble ? pace.next(Date.now()) : 0;
    if (passedOver === undefined) return;
    const ours = level === kafkajs.logLevel.ERROR ? 'warn' : isTrouble ? 'info' : 'debug';
    log(ours, `kafka: ${message}`, {
      namespace,
      broker: String(details['broker'] ?? ''),
      fault: String(details['error'] ?? ''),
      ...(passedOver === 0 ? {} : { passedOver }),
    });
  };
}

/** A plain producer (idempotent, acks of all in-sync replicas). */
export const openProducer = (kafka: Kafka): Promise<RecordProducer> =>
  createRecordProducer(() => openSender(kafka));

async function openSender(kafka: Kafka): Promise<IdempotentSender> {
  const producer = kafka.producer({
    idempotent: true,
    allowAutoTopicCreation: false,
    createPartitioner: keyed,
    metadataMaxAge: METADATA_MAX_AGE_MS,
  });
  await producer.connect();
  return {
    send: async (topic, records) => {
      // The same objects in each try: `keyed` writes the partition on them.
      const messages = records.map((record) => message(record, record.partition));
      const reply = await producer.send({ topic, acks: -1, messages });
      messages.forEach(({ partition }, i) => {
        if (partition !== undefined) records[i]!.partition = partition;
      });
      return reply.filter(({ errorCode }) => errorCode === 0).map(({ partition }) => partition);
    },
    close: () => producer.disconnect(),
  };
}

/** The partition of a record is chosen once, and stays with it when the library tries again. */
const keyed: kafkajs.ICustomPartitioner = () => {
  const choose = kafkajs.Partitioners.DefaultPartitioner();
  return (of) => (of.message.partition ??= choose(of));
};
const explicit: kafkajs.ICustomPartitioner =
  () =>
  ({ message: { partition } }) =>
    partition!;

function message(record: OutputRecord, partition?: number): Message {
  const { key, value, headers } = record;
  return {
    key,
    value,
    ...(headers === undefined ? {} : { headers: headers as IHeaders }),
    ...(partition === undefined ? {} : { partition }),
  };
}

/** kafkajs can lose an acknowledged part of a send when a leader moves: one partition a send, and its reply is checked. */
async function sendCovered(
  sender: Pick<Producer, 'send'>,
  { topic, partition, records }: Emission,
): Promise<number> {
  const messages = records.map((record) => message(record, partition));
  const reply: RecordMetadata[] = await sender.send({ topic, acks: -1, messages });
  const covered = reply.find(
    (part) => part.topicName === topic && part.partition === partition && part.errorCode === 0,
  );
  if (covered === undefined)
    throw new BankChurnError(
      'TRANSACTION_FAILED',
      `the broker's reply does not cover ${topic}/${String(partition)}`,
    );
  return Number(covered.baseOffset ?? -1);
}

/** The topics that a partition's transactions write to: `outputs` in the same partition, `singles` in their only one. */
export interface WriterTopics {
  readonly outputs: readonly string[];
  readonly singles: readonly string[];
}

/**
 * Writers that commit outputs and offset in one transaction. The transactional id belongs to the *input partition*, so
 * that opening a writer fences whoever wrote for it before, wherever that runs (ADR 1).
 */
export function createTransactionalWriters(
  kafka: Kafka,
  groupId: string,
  { outputs, singles }: WriterTopics,
): OpenWriter {
  return (topic, partition) =>
    openFencedWriter(kafka, transactionalIdOf(groupId, topic, partition), {
      groupId,
      outputs: [
        ...outputs.map((output) => ({ topic: output, partition })),
        ...singles.map((single) => ({ topic: single, partition: 0 })),
      ],
    });
}

/** Of an input partition: whoever opens it again fences the one before. */
export const transactionalIdOf = (groupId: string, topic: string, partition: number): string =>
  `${groupId}.${topic}.${String(partition)}`;

/**
 * The one valid writer under a transactional id: whoever had it before is fenced, its open transaction ended, and its last
 * one is decided in each partition of `scope` (these must exist).
 */
export async function openFencedWriter(
  kafka: Kafka,
  transactionalId: string,
  scope: MarkerScope,
): Promise<Writer> {
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
    return { begin: () => begin(producer, scope.groupId), isSound, close: () => producer.disconnect() };
  } catch (error) {
    await producer.disconnect().catch(() => undefined);
    throw error;
  }
}

async function begin(producer: Producer, groupId: string | undefined): Promise<Transaction> {
  const transaction = await producer.transaction();
  return {
    send: (emission) => sendCovered(transaction, emission),
    sendOffsets: (topic, partition, nextOffset) => {
      const topics = [{ topic, partitions: [{ partition, offset: String(nextOffset) }] }];
      if (groupId === undefined) return Promise.reject(new Error('a writer without a group has no offsets'));
      // kafkajs itself does not repeat what adds offsets. (A failed commit cannot be repeated: its state machine has no way back.)
      return retryPassing(() => transaction.sendOffsets({ consumerGroupId: groupId, topics }));
    },
    commit: () => transaction.commit(),
    abort: () => transaction.abort(),
  };
}

/** Commits a consumed offset by the consumer's own membership. */
export type CommitOffset = (topic: string, partition: number, nextOffset: number) => Promise<void>;

/** Writers without transactions: outputs first, offset after. A crash in between repeats outputs, and loses none. */
export async function createAtLeastOnceWriters(
  kafka: Kafka,
  commitOffset: CommitOffset,
): Promise<{ openWriter: OpenWriter; close(): Promise<void> }> {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: explicit,
    metadataMaxAge: METADATA_MAX_AGE_MS,
  });
  await producer.connect();
  const openTransaction = (): Transaction => {
    let commit = (): Promise<void> => Promise.resolve();
    return {
      send: (emission) => sendCovered(producer, emission),
      sendOffsets: (topic, partition, nextOffset) => {
        commit = () => commitOffset(topic, partition, nextOffset);
        return Promise.resolve();
      },
      commit: () => commit(),
      abort: () => Promise.resolve(),
    };
  };
  const writer: Writer = {
    begin: () => Promise.resolve(openTransaction()),
    isSound: () => true,
    close: () => Promise.resolve(),
  };
  return { openWriter: () => Promise.resolve(writer), close: () => producer.disconnect() };
}
