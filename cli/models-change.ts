/** What an operator does to the models in production: each change is proved before it is written, and waited for. */
import { lineOf } from '../models/log-history.ts';
import {
  decideByOperator,
  decideRelease,
  findModel,
  isChange,
  isMeant,
  replacesRealData,
  type LogChange,
} from '../models/log-decisions.ts';
import { isSimulated } from '../models/log-manifests.ts';
import { decideApproval } from '../models/log-requests.ts';
import {
  releasesOf,
  servedRelease,
  type LoggedRelease,
  type ModelLog,
  type ModelName,
} from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { withThreshold } from '../models/version.ts';
import { readRelease } from '../models/store.io.ts';
import { isTransient, messageOf } from '../schemas/errors.ts';
import { intactReleases } from '../service/bring-image.io.ts';
import { writeAndWait, type ChangeOptions, type ModelsContext } from './models-wait.ts';

export interface RollbackOptions extends ChangeOptions {
  readonly to?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface ReleaseOptions {
  readonly reason?: string | undefined;
  /** Takes a release of the log instead of one of a folder. */
  readonly from?: string | undefined;
  /** Corrects the threshold: the release gets a version of its own. */
  readonly threshold?: number | undefined;
}

/** Puts a release of a folder into the log, without serving it. A release whose bytes in the log are broken is repaired. */
export async function releaseModel(
  context: ModelsContext,
  folder: string,
  { reason, from, threshold }: ReleaseOptions = {},
): Promise<void> {
  const { modelLog, prove, say } = context;
  const log = await modelLog.read();
  const found = from === undefined ? await readRelease(folder) : await fetchHolding(context, log, from);
  const release =
    threshold === undefined ? found : { ...found, manifest: withThreshold(found.manifest, threshold) };
  await prove(release);
  const { version, sha256 } = release.manifest;
  const model = { version, sha256, manifest: JSON.stringify(release.manifest) };
  const intact = await intactReleases(modelLog, log.releases.filter((other) => other.version === version)); // prettier-ignore
  const decide = (now: ModelLog): LogChange =>
    decideRelease(now, model, reason, ({ offset }) => intact.has(offset));
  const { change } = await modelLog.write(decide, 'OPERATOR', release);
  say(
    `${version}: ${isChange(change) ? 'released' : 'was released before'}; serve it: bankchurn models activate ${version}`,
  );
}

async function fetchHolding(context: ModelsContext, log: ModelLog, which: string): Promise<Release> {
  const release = await provenRelease(context, releasesOf(log, findModel(log, which)));
  if (typeof release === 'string') throw new Error(`${which} cannot be taken: ${release}`);
  return context.modelLog.fetch(release);
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

/**
 * Approves a challenger that waits. The model is proven and activated like any other.
 *
 * @throws Error if it does not wait (any more), does not hold, or a scorer refuses it.
 */
export async function approveModel(
  context: ModelsContext,
  which: string,
  options: Omit<ChangeOptions, 'allowSimulated'>,
): Promise<void> {
  const log = await context.modelLog.read();
  const model = findModel(log, which);
  decideApproval(log, model, options.reason);
  const release = await provenRelease(context, releasesOf(log, model));
  if (typeof release === 'string') throw new Error(`${model.version} is not approved: ${release}`);
  await writeAndWait(context, model, (now) => decideApproval(now, model, options.reason), options);
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
  const target = await rollbackTarget(context, log, options);
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

/** The nearest model before the one that serves (or the named one) that holds; those that are skipped are named. */
async function rollbackTarget(
  context: ModelsContext,
  log: ModelLog,
  { to, allowSimulated }: RollbackOptions,
): Promise<ModelName> {
  const { say } = context;
  let served: (ModelName & { readonly isSimulated: boolean }) | undefined;
  for (const model of [...lineOf(log)].reverse()) {
    if (served !== undefined && to !== undefined && !isMeant(model, to)) continue;
    const hasServed = log.outcomes.get(model.offset)?.served === true;
    const release =
      served === undefined && hasServed
        ? servedRelease(log, model)
        : await provenRelease(context, releasesOf(log, model));
    if (typeof release === 'string') {
      say(`${model.version} does not hold and is skipped: ${release}`);
      continue;
    }
    const simulated = release !== undefined && isSimulated(release.manifest);
    if (served === undefined) served = { ...model, isSimulated: simulated };
    else if (simulated && !served.isSimulated && allowSimulated !== true)
      say(`${model.version} is a model of simulated customers and is skipped: --allow-simulated takes it`);
    else return model;
  }
  if (served === undefined)
    throw new Error('no model of the log holds: release one (`models release`), then activate it');
  throw new Error(to === undefined ? `nothing before ${served.version}` : `${to} is no model before ${served.version} that can be taken`); // prettier-ignore
}
