/** The library's client of one cluster: codecs, TLS, SASL, its log lines, and what all its consumers and producers share. */
import type { Kafka, KafkaConfig, LogEntry } from 'kafkajs';
import { kafkajs } from './patches/install.io.ts';
import { createPace } from '../../schemas/pace.ts';
import type { ConnectionSettings, KafkaLog } from '../port.ts';
import { loginOf } from './login.io.ts';
import { createSockets } from './sockets.io.ts';

/** A request fails before the session ends, so that its error is reported in time. */
const requestTimeoutMs = (sessionTimeoutMs: number): number => Math.min(10_000, sessionTimeoutMs * 0.6);
/** Lines of kafkajs about trouble are at least so far apart, milliseconds. */
const KAFKA_LINE_MS = 5000;
/** New partitions are seen after this long, milliseconds. */
export const METADATA_MAX_AGE_MS = 10_000;
/** How a client that does the work tries again. */
const PATIENT = { initialRetryTime: 100, multiplier: 2, maxRetryTime: 2000, retries: 8 };

/** A client of one cluster; nothing is connected before it is used. */
export function createKafka(settings: ConnectionSettings, log: KafkaLog): Kafka {
  return open(settings, log, { requestTimeout: requestTimeoutMs(settings.sessionTimeoutMs), retry: PATIENT });
}

/** A client that says soon what is the matter: it tries each of the brokers, and waits for an answer for 4 s. It logs nothing. */
export function createQuickKafka(settings: ConnectionSettings): Kafka {
  const retry = { initialRetryTime: 20, multiplier: 1, maxRetryTime: 50, retries: settings.brokers.length };
  return open(settings, () => undefined, { requestTimeout: 4000, retry });
}

function open(
  { brokers, clientId, ssl, sasl }: ConnectionSettings,
  log: KafkaLog,
  pace: Pick<KafkaConfig, 'requestTimeout' | 'retry'>,
): Kafka {
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    ssl: ssl !== false,
    socketFactory: createSockets(ssl),
    ...(sasl === undefined ? {} : { sasl: loginOf(sasl) }),
    connectionTimeout: 3000,
    enforceRequestTimeout: true,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => forward(log),
    ...pace,
  });
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
