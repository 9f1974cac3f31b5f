import { setTimeout as sleep } from 'node:timers/promises';
import type { DriftVerdict, ModelRecord, RetrainRequested } from '../schemas/generated.ts';
import { rocAuc } from '../training/evaluation.ts';
import { decodeOwn } from '../service/codecs.ts';
import { createProgress, say, type Context } from './context.ts';
import { exactness, type Sent, type Tally } from './demo-tally.ts';
import { DRIFT_ID_PREFIX, type DriftPlan } from './demo-sources.io.ts';
import { eventEncoder, outcomeEncoder } from './encoders.ts';
import { publishEvents } from '../producers/publish.io.ts';

const RATE = 1500;
const LABEL_LAG_MS = 3000;
const WAIT_MS = 300_000;

/** Verdicts, retrain events and records of the model log, as they come. */
export interface DriftWatch {
  readonly verdicts: readonly DriftVerdict[];
  readonly requests: readonly RetrainRequested[];
  readonly models: readonly (ModelRecord & { readonly offset: number })[];
  close(): Promise<void>;
}

export async function watchDrift({ config, kafka, registry }: Context): Promise<DriftWatch> {
  const { driftVerdicts, retrainEvents, churnModels } = config.topics.names;
  const verdicts: DriftVerdict[] = [];
  const requests: RetrainRequested[] = [];
  const models: (ModelRecord & { offset: number })[] = [];
  const options = { fromBeginning: true };
  const reader = await kafka.openReader(
    [driftVerdicts, retrainEvents, churnModels],
    options,
    async (topic, _, source) => {
      if (source.value === null) return;
      const { offset } = source;
      const record = await decodeOwn(source, registry);
      if (topic === driftVerdicts) verdicts.push(record as DriftVerdict);
      else if (topic === retrainEvents) requests.push(record as RetrainRequested);
      else models.push({ ...(record as ModelRecord), offset });
    },
  );
  return { verdicts, requests, models, close: () => reader.close() };
}

/** What is seen of the loop so far. */
function stateOf({ verdicts, requests, models }: DriftWatch, fullWindow: number) {
  const [request] = requests;
  const answers = models.filter(({ requestId }) => requestId !== null && requestId === request?.requestId);
  const activation = answers.find(({ kind }) => kind === 'ACTIVATION');
  const settled = verdicts.findLast(
    (verdict) => verdict.activation === activation?.offset && verdict.events >= fullWindow,
  );
  return {
    request,
    deferral: answers.find(({ kind }) => kind === 'DEFERRAL'),
    rejection: answers.find(({ kind }) => kind === 'REJECTION'),
    activation,
    settled,
    isOver: answers.some(({ kind }) => kind === 'REJECTION') || settled?.drifted === false,
  };
}

/**
 * Lets the stream drift and waits for the whole loop: retrain event, challenger, gate, swap, and a stream that no longer
 * drifts from the new model's profile. Prints what was seen; false where it is not what should be.
 */
export async function driftPart(
  context: Context,
  plan: DriftPlan,
  watch: DriftWatch,
  tally: Tally,
  allScored: () => Promise<void>,
  print: (line: string) => void,
): Promise<boolean> {
  await sleep(2000); // what the monitor has still to say of the calm stream
  const line = (name: string, value: string): void => print(`${name.padEnd(14)} ${value}`);
  const before = watch.verdicts[watch.verdicts.length - 1];
  const early = watch.requests.length;
  say(
    `drift: ${plan.words}; ${String(RATE)} events/s, who left is known ${String(LABEL_LAG_MS / 1000)} s later`,
  );
  const fullWindow = context.config.drift.paneEvents * context.config.drift.windowPanes;
  const drifted = await streamUntilOver(context, plan, watch, tally, fullWindow);
  await allScored();
  await sleep(2000); // a second retrain event, or a score too many, would come now

  const { request, deferral, rejection, activation, settled } = stateOf(watch, fullWindow);
  line('drift', plan.words);
  line('PSI before', `${describe(before)}; retrain events: ${String(early)}`);
  line('PSI after', describe(drifted));
  line(
    'retrain',
    `${String(watch.requests.length)} event${request === undefined ? '' : `: ${request.reason}`}`,
  );
  if (deferral !== undefined) line('deferred', deferral.reason ?? '');
  if (rejection !== undefined) line('rejected', rejection.reason ?? '');
  if (activation === undefined) return false;
  line('gate', `passed: ${activation.reason ?? ''}`);
  const afterMs = activation.recordedAt - (request?.requestedAt ?? 0);
  line(
    'swap',
    `to ${activation.modelVersion}, without a restart, ${(afterMs / 1000).toFixed(1)} s after the request`,
  );
  printAuc(tally, activation.modelSha256, line);
  const isExact = printExactness(tally, line);
  line('PSI now', `${describe(settled)}, against the new model's profile`);
  return early === 0 && watch.requests.length === 1 && isExact && settled?.drifted === false;
}

/** Publishes drifted events and their outcomes until the loop has closed. Returns the last verdict before the swap. */
async function streamUntilOver(
  context: Context,
  plan: DriftPlan,
  watch: DriftWatch,
  tally: Tally,
  fullWindow: number,
): Promise<DriftVerdict | undefined> {
  const { customerEvents, customerOutcomes } = context.config.topics.names;
  const producer = await context.kafka.openProducer();
  const stop = new AbortController();
  const progress = createProgress();
  const deadline = Date.now() + WAIT_MS;
  const publishing = publishEvents(producer, plan.events(), {
    topic: customerEvents,
    encode: await eventEncoder(context, undefined),
    rate: RATE,
    signal: stop.signal,
    onEvent: tally.event,
    outcomes: {
      topic: customerOutcomes,
      encode: await outcomeEncoder(context, undefined),
      lagMs: LABEL_LAG_MS,
    },
  });
  let last: DriftVerdict | undefined;
  try {
    for (;;) {
      const { request, deferral, activation, isOver } = stateOf(watch, fullWindow);
      const verdict = watch.verdicts[watch.verdicts.length - 1];
      if (activation === undefined) last = verdict;
      const stage =
        activation !== undefined
          ? `${activation.modelVersion} serves`
          : deferral !== undefined
            ? 'waiting for labels, training'
            : request !== undefined
              ? 'retrain event'
              : 'drift';
      progress.update(`${stage}: ${describe(verdict)}`);
      if (isOver || Date.now() > deadline) return last;
      await Promise.race([sleep(100), publishing.then(() => sleep(100))]);
    }
  } finally {
    stop.abort();
    await publishing;
    progress.end();
    await producer.close();
  }
}

function printAuc(tally: Tally, challenger: string, line: (name: string, value: string) => void): void {
  const drifted = [...tally.report().events]
    .filter(([id]) => id.startsWith(DRIFT_ID_PREFIX))
    .map(([, sent]) => sent);
  const told = (of: string, rows: readonly Sent[]): string =>
    `${of} ${rocAuc(
      rows.map(({ score }) => score!),
      rows.map(({ churned }) => Number(churned)),
    ).toFixed(4)} on the ${String(rows.length)} it scored`;
  const byChallenger = drifted.filter(({ modelSha256 }) => modelSha256 === challenger);
  const byChampion = drifted.filter(
    ({ modelSha256 }) => modelSha256 !== undefined && modelSha256 !== challenger,
  );
  line(
    'ROC AUC',
    `of drifted events: ${told('before the swap', byChampion)}, ${told('after it', byChallenger)}`,
  );
}

function printExactness(tally: Tally, line: (name: string, value: string) => void): boolean {
  const { sent, scores, doubled, missing, isExact } = exactness(tally);
  line(
    'scores',
    `${String(scores)} for ${String(sent)} events over the swap (doubled ${String(doubled)}, missing ${String(missing)})`,
  );
  return isExact;
}

function describe(verdict: DriftVerdict | undefined): string {
  if (verdict === undefined) return 'no verdict yet';
  const score = verdict.psi.find(({ name }) => name === 'score')?.psi ?? 0;
  const features = verdict.psi.filter(({ name }) => name !== 'score');
  const largest = features.reduce((a, b) => (b.psi > a.psi ? b : a));
  return `score ${score.toFixed(3)}, largest feature ${largest.name} ${largest.psi.toFixed(3)}`;
}
