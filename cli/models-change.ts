/** What an operator does to the models in production: each change is proved before it is written, and waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { lineOf } from '../models/log-history.ts';
import {
  decideByOperator,
  decideRelease,
  findModel,
  isChange,
  replacesRealData,
  type LogChange,
} from '../models/log-decisions.ts';
import {
  releasesOf,
  type LoggedRelease,
  type ModelLog,
  type ModelName,
  type Outcome,
} from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { isTransient, messageOf } from '../schemas/errors.ts';
import { intactReleases } from '../service/bring-image.io.ts';
import type { ModelLogAccess } from '../service/model-log-port.ts';
import type { Context } from './context.ts';

/** What a command works with. */
export interface ModelsContext extends Context {
  readonly modelLog: ModelLogAccess;
  /** Throws MODEL_CORRUPT if a release cannot serve. */
  readonly prove: (release: Release) => Promise<void>;
  /** Takes the command's words. */
  readonly say: (line: string) => void;
}

export interface ChangeOptions {
  readonly reason?: string | undefined;
  readonly allowSimulated?: boolean | undefined;
  /** Whether to wait for a scorer's word. */
  readonly wait: boolean;
  /** Of the wait, seconds. */
  readonly timeout: number;
}

export interface RollbackOptions extends ChangeOptions {
  readonly to?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** Puts a release of a folder into the log, without serving it. A release whose bytes in the log are broken is repaired. */
export async function releaseModel(
  { modelLog, prove, say }: ModelsContext,
  folder: string,
  reason?: string,
): Promise<void> {
  const release = await readRelease(folder);
  await prove(release);
  const { version, sha256 } = release.manifest;
  const model = { version, sha256, manifest: JSON.stringify(release.manifest) };
  const { releases } = await modelLog.read();
  const intact = await intactReleases(modelLog, releases.filter((other) => other.version === version)); // prettier-ignore
  const decide = (log: ModelLog): LogChange =>
    decideRelease(log, model, reason, ({ offset }) => intact.has(offset));
  const { change } = await modelLog.write(decide, 'OPERATOR', release);
  say(
    `${version}: ${isChange(change) ? 'released' : 'was released before'}; serve it: bankchurn models activate ${version}`,
  );
}

/** Activates a release. Throws an Error if it does not hold, or a scorer refuses it. */
export async function activateModel(
  context: ModelsContext,
  which: string,
  options: ChangeOptions,
): Promise<void> {
  const { modelLog } = context;
  const log = await modelLog.read();
  const model = findModel(log, which);
  const release = await provenRelease(context, releasesOf(log, model));
  if (typeof release === 'string') throw new Error(`${model.version} is not activated: ${release}`);
  if (options.allowSimulated !== true && replacesRealData(log, release.manifest))
    throw new Error(
      `${model.version} is a model of simulated customers, and one of real data serves: --allow-simulated activates it all the same`,
    );
  await writeAndWait(context, model, () => decideByOperator(model, false, options.reason), options);
}

/** The first of some releases that holds, or why none does. Throws what may pass. */
async function provenRelease(
  { modelLog, prove }: Pick<ModelsContext, 'modelLog' | 'prove'>,
  candidates: readonly LoggedRelease[],
): Promise<LoggedRelease | string> {
  let reason = 'its release is not in the log';
  for (const candidate of candidates) {
    try {
      await prove(await modelLog.fetch(candidate));
      return candidate;
    } catch (error) {
      if (isTransient(error)) throw error;
      reason = messageOf(error);
    }
  }
  return reason;
}

/** Goes back to a model that served before the present one, and holds later challengers. Never goes forward. */
export async function rollbackModel(context: ModelsContext, options: RollbackOptions): Promise<void> {
  const { modelLog, say } = context;
  const log = await modelLog.read();
  const target = await rollbackTarget(context, log, options.to);
  if (options.dryRun === true) {
    say(`rollback would activate ${target.version} and hold later challengers; nothing is written`);
    return;
  }
  const seen = log.activations.at(-1)?.offset;
  const decide = (now: ModelLog): LogChange => {
    if (now.activations.at(-1)?.offset !== seen)
      throw new Error('another model was activated meanwhile: look at it (`models list`), then try again');
    return decideByOperator(target, true, options.reason);
  };
  await writeAndWait(context, target, decide, options);
}

/** The nearest model before the one that serves (or the named one) that holds; those that do not are named. */
async function rollbackTarget(
  context: ModelsContext,
  log: ModelLog,
  to: string | undefined,
): Promise<ModelName> {
  const line = [...lineOf(log)].reverse();
  const holds = async (model: ModelName): Promise<boolean> => {
    const release = await provenRelease(context, releasesOf(log, model));
    if (typeof release === 'string') context.say(`${model.version} does not hold and is skipped: ${release}`);
    return typeof release !== 'string';
  };
  let served: ModelName | undefined;
  for (const model of line) {
    if (served === undefined) {
      if (log.outcomes.get(model.offset)?.served === true || (await holds(model))) served = model;
    } else if (to === undefined || model.version === to) {
      if (await holds(model)) return model;
      if (to !== undefined) break;
    }
  }
  if (served === undefined)
    throw new Error('no model of the log holds: release one (`models release`), then activate it');
  throw new Error(to === undefined ? `nothing before ${served.version}` : `${to} is no model before ${served.version} that holds`); // prettier-ignore
}

async function writeAndWait(
  context: ModelsContext,
  { version }: ModelName,
  decide: (log: ModelLog) => LogChange,
  { wait, timeout }: ChangeOptions,
): Promise<void> {
  const { modelLog, say, kafka, config } = context;
  const { change, offset } = await modelLog.write(decide, 'OPERATOR');
  say(`${change.kinds.join(' and ').toLowerCase()}: ${version}`);
  if (!wait || offset === undefined) return;
  if ((await kafka.administer((admin) => admin.groupMembers(config.group))) === 0) {
    say(`no scorer runs in group ${config.group}: it will serve once one does`);
    return;
  }
  const outcome = await outcomeOf(modelLog, offset, timeout * 1000);
  if (outcome === 'late')
    throw new Error(
      `no scorer has said within ${String(timeout)} s whether it serves ${version}: look at /health`,
    );
  if (outcome === 'superseded') throw new Error(`another model was activated after ${version}`);
  if (!outcome.served)
    throw new Error(`${version} is refused by ${outcome.actor ?? 'a scorer'}: ${outcome.reason ?? ''}`);
  say(`served by ${outcome.actor ?? 'a scorer'}: ${version}`);
}

async function outcomeOf(
  modelLog: ModelLogAccess,
  activation: number,
  timeoutMs: number,
): Promise<Outcome | 'late' | 'superseded'> {
  let found: (outcome: Outcome | 'superseded') => void = () => undefined;
  const said = new Promise<Outcome | 'superseded'>((resolve) => {
    found = resolve;
  });
  const reader = await modelLog.follow(
    ({ log }) => {
      const outcome = log.outcomes.get(activation);
      if (outcome !== undefined) found(outcome);
      else if (log.activations.at(-1)?.offset !== activation) found('superseded');
    },
    () => undefined,
  );
  try {
    return await Promise.race([said, sleep(timeoutMs, 'late' as const, { ref: false })]);
  } finally {
    await reader.close();
  }
}
