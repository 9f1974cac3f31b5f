/** A scorer on a model log into which anybody writes, the operator's commands beside it, and a restart of both. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config.ts';
import { checkInputs } from '../../models/customer-schema.ts';
import { withVersion } from '../../models/version.ts';
import type { ModelLog } from '../../models/log.ts';
import type { Release } from '../../models/manifest.ts';
import { readRelease } from '../../models/store.io.ts';
import { readScore } from '../../cli/consume.ts';
import { rollbackModel } from '../../cli/models-change.ts';
import { listJson, listLines, liveJson } from '../../cli/models-show.ts';
import { printable } from '../../schemas/printable.ts';
import type { OutputRecord } from '../../schemas/ports.ts';
import type { ModelRecord } from '../../schemas/generated.ts';
import { createSession } from '../../scoring/onnx.io.ts';
import { prove as proveHere } from '../../scoring/proof.ts';
import { createMetrics, type Metrics } from '../../service/metrics.io.ts';
import { createChoice, type Refusal } from '../../service/model-choice.io.ts';
import { keepServing, type Serving } from '../../service/model-follower.io.ts';
import type { ModelLogAccess, ReadLog } from '../../service/model-log-port.ts';
import { startRole } from '../../service/roles.io.ts';
import type { Seat } from '../../service/serving-seat.io.ts';
import { createLog } from '../../service/serve.io.ts';
import { controlEncoderOf, modelLogOf } from '../../service/wiring.io.ts';
import { otherModel } from '../other-model.ts';
import { createWorld, events, produceRaw, type OnEnd, type World } from '../world.ts';
import type { Lab } from './log-case.ts';

export interface Site {
  readonly world: World;
  readonly lab: Lab;
  readonly models: Serving;
  readonly metrics: Metrics;
  readonly modelLog: ModelLogAccess;
  /** Sends an event; the version of the model that scored it. */
  scored(): Promise<string>;
  /** What a restarted scorer would serve and refuse. */
  restarted(log: ModelLog): Promise<{ version: string | undefined; refused: Refusal | undefined }>;
  /** What the operator's commands print of the log. */
  commands(log: ModelLog): Promise<string>;
  /** The log as a follower has it once it has come to that offset. */
  logUpTo(offset: number): Promise<ModelLog>;
  fatal: unknown[];
}

/** Proves without a process of its own: models that do harm have a table of their own. */
const prove = (release: Release): Promise<void> =>
  proveHere(release, { createSession, now: () => performance.now() });

export async function openSite(onEnd: OnEnd): Promise<Site> {
  const world = await createWorld({ onEnd });
  const { context } = world;
  const [log, metrics, fatal] = [createLog('FATAL'), createMetrics(), [] as unknown[]];
  onEnd(() => metrics.close());
  const modelLog = modelLogOf(context, { metrics, actor: 'scorer on site' });
  // What served before A.
  const former = otherModel('former');
  const { version, sha256 } = former.manifest;
  await modelLog.write(() => ({ release: true, kinds: ['ACTIVATION'], version, sha256 }), 'OPERATOR', former);
  const models = keepServing({
    ...{ modelDir: 'models/champion', source: 'auto', scores: true, allowSimulated: false },
    ...{ customer: context.config.customer, log, metrics, modelLog, fatal: (error) => fatal.push(error) },
  });
  onEnd(() => models.stop());
  while (!models.current()?.model.manifest.version.startsWith('churn-')) await sleep(50);
  const concerns = { deadLetterShare: undefined, warnings: [] };
  const around = { ...context, metrics, log, models, concerns, isAlone: true, wrap: {} };
  const role = startRole('scorer', { ...around, fatal: (error) => fatal.push(error) });
  onEnd(() => role.stop());
  const lab = await openLab(world, onEnd, modelLog);
  return {
    ...{ world, lab, models, metrics, modelLog, fatal },
    scored: await scoring(world, onEnd),
    restarted: restarting(modelLog, context.config),
    commands: (log) => commands(world, modelLog, log),
    logUpTo: await following(modelLog, onEnd),
  };
}

/** Follows the scores; one event after the other. */
async function scoring({ context }: World, onEnd: OnEnd): Promise<() => Promise<string>> {
  const versions = new Map<string, string>();
  const { churnScores } = context.config.topics.names;
  const reader = await context.kafka.openReader(
    [churnScores],
    { fromBeginning: true },
    async (_, __, record) => {
      const { eventId, modelVersion } = await readScore(record, context.registry);
      versions.set(eventId, modelVersion);
    },
  );
  onEnd(() => reader.close());
  const some = events(500, 99);
  return async () => {
    const event = some.pop()!;
    await produceRaw({ context }, [{ key: event.customerId, value: JSON.stringify(event) }]);
    for (let waited = 0; waited < 20_000; waited += 20) {
      const version = versions.get(event.eventId);
      if (version !== undefined) return version;
      await sleep(20);
    }
    throw new Error('an event is not scored within 20 s');
  };
}

function restarting(modelLog: ModelLogAccess, { customer }: Config): Site['restarted'] {
  // Bytes of good releases are fetched once; all else as often as a scorer starts.
  const fetched = new Map<number, Release>();
  const fetch: ModelLogAccess['fetch'] = async (release) => {
    const known = fetched.get(release.offset) ?? (await modelLog.fetch(release));
    fetched.set(release.offset, known);
    return known;
  };
  return async (log) => {
    let version: string | undefined;
    const seat: Seat = {
      current: () => undefined,
      swap: async (release) => {
        checkInputs(release.manifest, customer);
        await prove(release);
        version = release.manifest.version;
      },
      reactivated: () => undefined,
      close: () => Promise.resolve(),
    };
    const choice = await createChoice({ seat, modelLog: { fetch }, onRefused: () => undefined })(log);
    return { version, refused: choice?.refused };
  };
}

async function following(modelLog: ModelLogAccess, onEnd: OnEnd): Promise<Site['logUpTo']> {
  let read: ReadLog | undefined;
  const reader = await modelLog.follow(
    (newest) => (read = newest),
    () => undefined,
  );
  onEnd(() => reader.close());
  return async (offset) => {
    while ((read?.next ?? 0) <= offset) await sleep(10);
    return read!.log;
  };
}

async function commands({ context }: World, modelLog: ModelLogAccess, log: ModelLog): Promise<string> {
  const lines = [...listLines(log), JSON.stringify(listJson(log)), JSON.stringify(liveJson(log, Date.now()))];
  const once = { ...modelLog, read: () => Promise.resolve(log) };
  const say = (line: string): void => void lines.push(line);
  const options = { wait: false, timeout: 1, dryRun: true };
  await rollbackModel({ ...context, modelLog: once, prove, say }, options);
  return lines.map(printable).join('\n');
}

async function openLab({ context }: World, onEnd: OnEnd, modelLog: ModelLogAccess): Promise<Lab> {
  const { churnModels, modelArtifacts } = context.config.topics.names;
  const producer = await context.kafka.openPartitionProducer();
  onEnd(() => producer.close());
  const encode = await controlEncoderOf(context, 'churnModels')();
  const encodeCounts = await controlEncoderOf(context, 'driftCounts')();
  const send = async (
    topic: string,
    values: readonly Pick<OutputRecord, 'value' | 'headers'>[],
  ): Promise<number> => {
    const offsets: number[] = [];
    for (const value of values)
      offsets.push(await producer.send({ topic, partition: 0, records: [{ key: 'k', ...value }] }));
    if (topic === churnModels) last = offsets.at(-1)!;
    return offsets[0]!;
  };
  let last = -1;
  const champion = await readRelease('models/champion');
  const variant: Lab['variant'] = (name, more = {}) => {
    const dataset = { ...champion.manifest.training.dataset, name: name.replaceAll(/\W+/g, '-') };
    const training = { ...champion.manifest.training, dataset };
    return { ...champion, manifest: withVersion({ ...champion.manifest, ...more, training }) };
  };
  const bytesOf: Lab['bytesOf'] = ({ onnx, golden }) => Buffer.concat([onnx, golden]);
  const { artifactOffset, artifactChunks } = (await modelLog.read()).releases[1]!;
  const counts = { modelSha256: 'x', activation: 1, sourceTopic: 't', sourcePartition: 0, firstOffset: 0, lastOffset: 0, maxTimestamp: 0, events: 0, series: [] }; // prettier-ignore
  return {
    ...{ a: champion, b: variant('b', { threshold: 0.35 }), variant, bytesOf },
    place: { artifactOffset, artifactChunks },
    lastOffset: () => last,
    raw: (...values) =>
      send(
        churnModels,
        values.map((value) => ({ value })),
      ),
    log: (...records) => send(churnModels, records.map(encode)),
    bytes: async (...chunks) => ({
      artifactOffset: await send(
        modelArtifacts,
        chunks.map((value) => ({ value })),
      ),
      artifactChunks: chunks.length,
    }),
    record: (kind, { manifest: { version, sha256 } }, more = {}): ModelRecord => ({
      ...{ kind, modelVersion: version, modelSha256: sha256, origin: 'OPERATOR', recordedAt: Date.now() },
      ...{ reason: null, requestId: null, manifest: null, artifactOffset: null, artifactChunks: null },
      ...{ actor: null, gateReport: null, aboutActivation: null, outcome: null, servingActivation: null },
      ...{ approval: null, trainer: null },
      ...more,
    }),
    foreign: encodeCounts(counts).value as Buffer,
  };
}
