/** Retrain events as they lie on Kafka: read by whoever asks what the trainer waits for, and written by hand. */
import { requestFault } from '../drift/checks.ts';
import { tailRanges } from '../kafka/offsets.ts';
import { isPoisonError } from '../schemas/errors.ts';
import type { RetrainRequested } from '../schemas/generated.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { decodeOwn } from './codecs.ts';
import { controlEncoderOf, type Clients } from './wiring.io.ts';

/** Offsets looked at from the end. */
const NEWEST = 1000;

/** The newest retrain events, oldest first. What is none is left out: the trainer skips it too. */
export async function readRequests(clients: Clients): Promise<RetrainRequested[]> {
  const { config, kafka } = clients;
  const topic = config.topics.names.retrainEvents;
  const ranges = await tailRanges(kafka, topic, NEWEST, null);
  const requests: RetrainRequested[] = [];
  await kafka.readRanges(topic, ranges, async (records) => {
    for (const record of records) {
      const request = await readRequest(clients, record);
      if (request !== undefined) requests.push(request);
    }
  });
  return requests;
}

async function readRequest(
  { registry }: Clients,
  record: SourceRecord,
): Promise<RetrainRequested | undefined> {
  try {
    const raw = (await decodeOwn(record, registry, 'RetrainRequested')) as RetrainRequested;
    const request = { ...raw, driftSince: raw.driftSince ?? null };
    return requestFault(request) === undefined ? request : undefined;
  } catch (error) {
    if (!isPoisonError(error)) throw error;
    return undefined;
  }
}

/** Writes a retrain event. Throws an Error if it is none that the trainer would take. */
export async function writeRequest(clients: Clients, request: RetrainRequested): Promise<void> {
  const fault = requestFault(request);
  if (fault !== undefined) throw new Error(`no retrain event: ${fault} cannot be`);
  const encode = await controlEncoderOf(clients, 'retrainEvents')();
  const producer = await clients.kafka.openProducer();
  try {
    const topic = clients.config.topics.names.retrainEvents;
    await producer.send(topic, [{ key: request.modelVersion, ...encode(request) }]);
  } finally {
    await producer.close();
  }
}
