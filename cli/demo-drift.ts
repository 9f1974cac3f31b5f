import { randomBytes } from 'node:crypto';
import { openReader } from '../consumers/kafka-readers.io.ts';
import { openProducer } from '../producers/kafka.io.ts';
import type { DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import { decodeOwn } from '../wiring.ts';
import { createProgress, say, type Context } from './context.ts';
import { simulateEvents } from './event-source.io.ts';
import { eventEncoder, publishEvents } from './publish.io.ts';

/** Fewer events before the drift say too little about a stream without it. */
export const DRIFT_NEEDS_EVENTS = 20_000;
const DRIFTED_EVENTS = 6000;
const WAIT_MS = 60_000;

/** Verdicts and retrain events, as they come. */
export interface DriftWatch {
  readonly verdicts: readonly DriftVerdict[];
  readonly requests: readonly RetrainRequested[];
  close(): Promise<void>;
}

export async function watchDrift({ config, kafka, registry }: Context): Promise<DriftWatch> {
  const { driftVerdicts, retrainEvents } = config.topics.names;
  const verdicts: DriftVerdict[] = [];
  const requests: RetrainRequested[] = [];
  const options = { groupId: `${config.group}.drift.${randomBytes(4).toString('hex')}`, fromBeginning: true };
  const reader = await openReader(
    kafka,
    [driftVerdicts, retrainEvents],
    options,
    async (topic, _, { value }) => {
      if (value === null) return;
      const record = await decodeOwn(value, registry);
      if (topic === driftVerdicts) verdicts.push(record as DriftVerdict);
      else requests.push(record as RetrainRequested);
    },
  );
  return { verdicts, requests, close: () => reader.close() };
}

/** Lets the stream drift (customers eight years older) and waits for the retrain event. Prints what was seen. */
export async function driftPart(
  context: Context,
  watch: DriftWatch,
  print: (line: string) => void,
): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 2000)); // what the monitor has still to say of the calm stream
  const before = watch.verdicts[watch.verdicts.length - 1];
  const early = watch.requests.length;
  say(`drift: ${String(DRIFTED_EVENTS)} customers eight years older`);
  const topic = context.config.topics.names.customerEvents;
  const producer = await openProducer(context.kafka);
  const encode = await eventEncoder(context, undefined);
  await publishEvents(
    producer,
    simulateEvents(DRIFTED_EVENTS, 2, 'drift-', { name: 'ageing', overEvents: 0 }),
    { topic, encode },
  );
  await producer.close();
  const progress = createProgress();
  const deadline = Date.now() + WAIT_MS;
  while (watch.requests.length === early && Date.now() < deadline) {
    progress.update(`drift: ${describe(watch.verdicts[watch.verdicts.length - 1])}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 2000)); // a second request would come now
  progress.end();
  print(`PSI before     ${describe(before)}; retrain events: ${String(early)}`);
  print(
    `PSI after      ${describe(watch.verdicts[watch.verdicts.length - 1])}, with customers eight years older`,
  );
  const [request] = watch.requests;
  print(
    `retrain events ${String(watch.requests.length)}${request === undefined ? '' : `: ${request.reason}`}`,
  );
  return early === 0 && watch.requests.length === 1;
}

function describe(verdict: DriftVerdict | undefined): string {
  if (verdict === undefined) return 'no verdict yet';
  const score = verdict.psi.find(({ name }) => name === 'score')?.psi ?? 0;
  const features = verdict.psi.filter(({ name }) => name !== 'score');
  const largest = features.reduce((a, b) => (b.psi > a.psi ? b : a));
  return `score ${score.toFixed(3)}, largest feature ${largest.name} ${largest.psi.toFixed(3)}`;
}
