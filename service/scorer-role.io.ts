/** The scorer on Kafka: what it reads and writes, and what it shows. */
import { createEarlierOutputs } from '../consumers/earlier-outputs.ts';
import { createScorer, rejectEvent } from '../consumers/scorer.ts';
import { ASSUMED_BYTES, sendBytes } from '../kafka/message-limits.ts';
import type { WrittenBefore } from '../kafka/port.ts';
import { fieldNames } from '../schemas/customer/names.ts';
import { isTransient } from '../schemas/errors.ts';
import type { OpenRole, Role } from '../schemas/ports.ts';
import { eventDecoderOf, scoreFormatOf } from './codecs.ts';
import { recordScores } from './count-scores.ts';
import { createLetterWatch } from './dead-letter-share.ts';
import { createModelDecoders } from './model-decoders.ts';
import { commonSettings, type Surroundings } from './role-settings.ts';
import { roleTopics } from './role-topics.ts';
import { runRole, type RunningRole } from './run-role.io.ts';
import { checkEventSubject } from './event-subject.ts';
import { createUnknownFields } from './unknown-fields.ts';
import { controlEncoderOf } from './wiring.io.ts';

export function startScorer(around: Surroundings): RunningRole {
  const { config, metrics, log, fatal, concerns } = around;
  const { names } = config.topics;
  const countUnknownFields = createUnknownFields(metrics, log, fieldNames(config.customer));
  const watchLetters = createLetterWatch({ metrics, log }, config.limits.deadLetterShare, concerns);
  let limits: ReadonlyMap<string, number> = new Map();
  const maxLetterBytes = (): number => limits.get(names.deadLetters) ?? ASSUMED_BYTES;
  const settings = {
    ...commonSettings(around, 'scorer'),
    reject: rejectEvent({ topics: names, group: config.group, maxLetterBytes }),
    onLimits: (found: typeof limits) => {
      limits = found;
    },
    writtenBefore: writtenBefore(around),
    onCommitted: (
      ...[batch, decision, stageMs]: Parameters<Parameters<typeof runRole>[0]['onCommitted']>
    ) => {
      recordScores(metrics, batch, decision, stageMs, Date.now());
      watchLetters(decision);
      countUnknownFields(decision);
    },
  };
  return runRole(
    settings,
    scorerRole(around, maxLetterBytes, () => sendBytes(limits)),
    fatal,
  );
}

function writtenBefore({ kafka, config, log }: Surroundings): WrittenBefore {
  const { topic, outputs, startFrom } = roleTopics('scorer', config);
  return createEarlierOutputs({
    ...{ kafka, topic, outputs, group: config.group, now: Date.now },
    onFound: (partition, offset) =>
      log.error({ partition, offset }, 'no committed offset, but outputs: going on after the last of them'),
    onNewGroup: (partition) =>
      log.warn(
        { partition, group: config.group, startFrom },
        'the outputs are of other groups: this group is new, and starts where START_FROM says',
      ),
  });
}

/**
 * A partition is armed without the registry, too: batches then wait for it, and where none comes, nothing waits. What the registry
 * refuses ends the role at once.
 */
function scorerRole(
  around: Surroundings,
  maxLetterBytes: () => number,
  maxSendBytes: () => number,
): OpenRole {
  const { config, registry, models, log, wrap } = around;
  const { names } = config.topics;
  const decoder = createModelDecoders(config.customer, (schema) => {
    const plain = eventDecoderOf({ config, registry }, schema);
    return wrap.decoder?.(plain) ?? plain;
  });
  const openCounts = controlEncoderOf(around, 'driftCounts', log);
  const open = async (): Promise<Role> => {
    await checkEventSubject(config, registry);
    return createScorer({
      model: models.current,
      decoder,
      scoreFormat: await scoreFormatOf(config, registry),
      encodeCounts: await openCounts(),
      contentType: registry === undefined ? 'application/json' : 'application/avro',
      group: config.group,
      topics: names,
      tombstones: config.tombstones,
      maxLetterBytes,
      maxSendBytes,
    });
  };
  const scorer = createLazily(open);
  const role: Role = async (...batch) => (await scorer())(...batch);
  return async () => {
    await scorer().catch((error: unknown) => {
      if (!isTransient(error)) throw error;
    });
    return role;
  };
}

/** Makes something when it is first needed; after a failure it is tried again at the next need. */
function createLazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}
