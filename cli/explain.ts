import { Command, InvalidArgumentError } from 'commander';
import { findScore, placeOf, readRecord, type RecordPlace } from './find-score.io.ts';
import { activeModel, releasesOf, type LoggedRelease, type ModelLog } from '../models/log.ts';
import { readRelease } from '../models/store.io.ts';
import { checkInputs, schemaOfModel } from '../models/customer-schema.ts';
import type { Manifest, Release } from '../models/manifest.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { ChurnScore } from '../schemas/generated.ts';
import { isPoison } from '../schemas/event.ts';
import { explain, waterfall } from '../scoring/explanation.ts';
import { openModel } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { decoderOf, shapesOf } from '../service/codecs.ts';
import { fetchFirst } from '../service/model-log-fetch.io.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { readScore } from './consume.ts';
import { say, withConfig, type Context, withContext } from './context.ts';
import { print } from './printable.ts';

export function explainCommand(): Command {
  return withConfig(new Command('explain'))
    .description(
      'why a score is what it is: reads the event, scores it again with the model that did, tells all reasons',
    )
    .argument('<scoreId>', 'topic/partition/offset of the event, as in the score', place)
    .option('--json', 'as one JSON object')
    .action((at: RecordPlace, options: { config: string; json?: true }) =>
      withContext(options, (context) => run(context, at, options.json === true)),
    );
}

function place(text: string): RecordPlace {
  const found = placeOf(text);
  if (found === undefined)
    throw new InvalidArgumentError('needed is topic/partition/offset, such as customer-events/0/42.');
  return found;
}

async function run(context: Context, at: RecordPlace, asJson: boolean): Promise<void> {
  const { config, kafka, registry } = context;
  const scoreId = `${at.topic}/${String(at.partition)}/${String(at.offset)}`;
  const record = await readRecord(kafka, at);
  const { churnScores } = config.topics.names;
  const found = await findScore(kafka, config.group, churnScores, at, record.timestampMs);
  const published = found === undefined ? undefined : await readScore(found, registry);
  const release = await releaseOf(context, published);
  const event = await decodeEvent(context, release.manifest, record.value, scoreId);
  if (published === undefined)
    say(
      `${churnScores} holds no score of ${scoreId} (not scored yet, or deleted): explained by the model in service`,
    );
  const model = await openModel(release, createSession);
  const { score, explanation } = await explain(model, event, scoreId);
  await model.close();
  const isSame =
    published === undefined ? null : JSON.stringify(inOrder(published)) === JSON.stringify(inOrder(score));
  if (asJson) print(JSON.stringify({ ...explanation, sameAsPublished: isSame }));
  else for (const line of lines(score, waterfall(explanation), isSame)) print(line);
  if (isSame === false)
    throw new Error(`scored again it differs from what was published: ${JSON.stringify(published)}`);
}

/** Fields in one order, whatever they were decoded from. */
const inOrder = (score: ChurnScore): unknown[] => {
  const { reasons, ...fields } = score;
  return [
    ...Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)),
    reasons.map(({ feature, contribution }) => [feature, contribution]),
  ];
};

/** Decodes an event as the model reads it. */
async function decodeEvent(
  context: Context,
  model: Manifest,
  value: Buffer | null,
  scoreId: string,
): Promise<CustomerEvent> {
  if (value === null) throw new Error(`${scoreId} is a tombstone (a null value): it has no score`);
  const { customer } = context.config;
  if (model.customer === undefined) checkInputs(model, customer);
  const schema = schemaOfModel(model, customer);
  const decode = await decoderOf(context, shapesOf(context.config, schema).event)([value]);
  const event = decode(value);
  if (isPoison(event))
    throw new Error(`${scoreId} is a dead letter and has no score: ${event.code}, ${event.message}`);
  return event;
}

type ModelOfScore = Pick<ChurnScore, 'modelSha256' | 'modelVersion'>;

/** Releases of a version and sha256, as a score names them. */
const byName = (log: ModelLog, sha256: string, version = ''): readonly LoggedRelease[] =>
  releasesOf(log, { version, sha256 });

/** The release that made a score, from the folder or the log; without a score, the one in service. */
async function releaseOf(context: Context, published: ModelOfScore | undefined): Promise<Release> {
  const { modelSha256: sha256, modelVersion: version } = published ?? {};
  const { dir, source } = context.config.model;
  const brought = await readRelease(dir).catch(() => undefined);
  if (sha256 !== undefined && brought?.manifest.sha256 === sha256 && brought.manifest.version === version)
    return brought;
  if (source === 'image' && sha256 === undefined && brought !== undefined) return brought;
  const modelLog = modelLogOf(context);
  const log: ModelLog = await modelLog.read();
  const active = activeModel(log);
  const wanted = sha256 ?? active?.sha256;
  const candidates = sha256 === undefined ? active && releasesOf(log, active) : byName(log, sha256, version);
  if (candidates !== undefined && candidates.length > 0) return fetchFirst(modelLog, candidates);
  throw new Error(
    wanted === undefined
      ? 'no model is in service: the log has no activation'
      : `the score was made by model ${wanted}, which is neither in the log nor in ${dir}: point MODEL_DIR to its release`,
  );
}

function lines(score: ChurnScore, bars: readonly string[], isSame: boolean | null): string[] {
  const verdict = `${score.riskLevel} risk, predicted to ${score.churnPrediction ? 'leave' : 'stay'}`;
  const origin = isSame === null ? 'not published' : isSame ? 'the same as published' : 'NOT as published';
  return [
    `customer ${score.customerId}, event ${score.eventId} (${score.scoreId})`,
    `model ${score.modelVersion}: ${(score.churnProbability * 100).toFixed(1)} % churn probability, ${verdict}; ${origin}`,
    '',
    ...bars,
  ];
}
