/** The trainer with labelled events: one answer for each request. */
import { packageRoot } from '../../cli/context.ts';
import { activeModel } from '../../models/log.ts';
import { readRelease } from '../../models/store.io.ts';
import { simulateEvents } from '../../producers/simulate-events.io.ts';
import { roleRights } from '../../service/rights.ts';
import { modelLogOf } from '../../service/wiring.io.ts';
import type { RoleSite } from './role-site.ts';
import type { SecureBroker } from './secure-broker.ts';
import { openSite, type Site } from './site.ts';

/** Every challenger is good enough, and trained on the stream alone: in a second. */
const LENIENT = {
  MODEL_SOURCE: 'log',
  TRAINING_BASE_CSV: 'no/such/file.csv',
  TRAINING_MIN_RECENT_LABELS: '50',
  GATE_MIN_LEAVERS: '20',
  TRAINING_MIN_WEIGHTED_F1: '0',
  TRAINING_MAX_AUC_LOSS: '1',
  TRAINING_RETRY_MS: '500',
};
const LABELLED = 600;

export async function openTrainerSite(broker: SecureBroker): Promise<RoleSite> {
  const site = await openSite(broker, 't.', LENIENT);
  const { config, kafka } = site.context;
  const rights = roleRights('trainer', config);
  await fill(site);
  const modelLog = modelLogOf(site.context);
  const producer = await kafka.openProducer();
  const requests: string[] = [];
  const answer = async (requestId: string): Promise<string | undefined> =>
    (await modelLog.read()).answers.get(requestId)?.kind;
  const isFinal = (kind: string | undefined): boolean => kind !== undefined && kind !== 'DEFERRAL';
  return {
    role: 'trainer',
    site,
    rights,
    work: async () => {
      const requestId = `request-${String(requests.length)}`;
      requests.push(requestId);
      const value = JSON.stringify(await requestOf(site, requestId));
      await producer.send(config.topics.names.retrainEvents, [{ key: null, value }]);
      return async () => isFinal(await answer(requestId));
    },
    finish: () => Promise.resolve(() => true),
    fresh: () => Promise.reject(new Error('the trainer has no right for its start alone')),
    judge: async () => {
      const found = await Promise.all(requests.map(answer));
      return requests.filter((_, i) => !isFinal(found[i])).map((id) => `no answer to ${id}`);
    },
    close: () => producer.close(),
  };
}

/** The shipped model is active, and there are labelled events. */
async function fill({ context }: Site): Promise<void> {
  const { kafka, config } = context;
  const release = await readRelease(`${packageRoot()}/models/champion`);
  const { version, sha256 } = release.manifest;
  await modelLogOf(context).write(
    () => ({ release: true, kinds: ['ACTIVATION'], version, sha256 }),
    'OPERATOR',
    release,
  );
  const events = [...simulateEvents(LABELLED, 5, 'labelled-')];
  const producer = await kafka.openProducer();
  const { customerEvents, customerOutcomes } = config.topics.names;
  await producer.send(customerEvents, events.map(({ event }) => ({ key: event.customerId, value: JSON.stringify(event) }))); // prettier-ignore
  const outcomes = events.map(({ event: { eventId, customerId }, churned }) => ({
    key: customerId,
    value: JSON.stringify({
      outcomeId: `o-${eventId}`,
      customerId,
      eventId,
      churned,
      observedAt: Date.now(),
    }),
  }));
  await producer.send(customerOutcomes, outcomes);
  await producer.close();
}

/** A complaint about the model that is active. */
async function requestOf({ context }: Site, requestId: string) {
  const log = await modelLogOf(context).read();
  const { version, sha256, offset } = activeModel(log)!;
  return {
    requestId,
    modelVersion: version,
    modelSha256: sha256,
    activation: offset,
    countsOffset: 0,
    requestedAt: Date.now(),
    reason: 'a test',
    scorePsi: 1,
    maxFeaturePsi: 1,
    events: LABELLED,
    driftSince: null,
  };
}
