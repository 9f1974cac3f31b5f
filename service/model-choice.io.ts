/**
 * Which model of the log serves: the newest activation whose release holds. The same log gives the same model at a start and
 * while it is followed; a release is fetched and proved once, and one that was refused is remembered.
 */
import {
  activeModel,
  releasesOf,
  type Activation,
  type LoggedRelease,
  type ModelLog,
} from '../models/log.ts';
import { isTransient, messageOf } from '../schemas/errors.ts';
import type { ModelLogAccess } from './model-log-port.ts';
import type { Seat } from './serving-seat.io.ts';

/** A model that should serve and does not. */
export interface Refusal {
  readonly version: string;
  readonly reason: string;
}

/** What came of the newest activation of a log. */
export interface Choice {
  readonly newest: Activation | undefined;
  /** Where the bytes of the release lie that serves; undefined: no activation of the log does. */
  readonly artifactOffset: number | undefined;
  /** Why the newest one does not serve. */
  readonly refused: Refusal | undefined;
}

export interface ChoiceSettings {
  readonly seat: Seat;
  readonly modelLog: Pick<ModelLogAccess, 'fetch'>;
  /** Called once for each release that is refused, and of each activation that names none. */
  readonly onRefused: (activation: Activation, reason: string) => void;
}

/**
 * Puts the newest model that holds into service.
 *
 * @param isOutdated whether the log has grown meanwhile: the choice then ends early, undecided (undefined).
 * @throws what may pass: nothing is decided then.
 */
export type Choose = (log: ModelLog, isOutdated?: () => boolean) => Promise<Choice | undefined>;

export function createChoice({ seat, modelLog, onRefused }: ChoiceSettings): Choose {
  /** Why a release is refused, by the offset of its record. */
  const refused = new Map<number, string>();
  let serving: LoggedRelease | undefined;
  let dangling = -1;

  /** Whether it serves now. */
  async function serve(activation: Activation, release: LoggedRelease): Promise<boolean> {
    if (serving?.offset === release.offset) {
      if (seat.current()?.activation !== activation.offset) seat.reactivated(activation.offset);
      return true;
    }
    if (refused.has(release.offset)) return false;
    try {
      await seat.swap(await modelLog.fetch(release), activation.offset);
      serving = release;
      return true;
    } catch (error) {
      if (isTransient(error)) throw error;
      refused.set(release.offset, messageOf(error));
      onRefused(activation, messageOf(error));
      return false;
    }
  }

  /** At a start: what served last, so that scoring goes on while newer models are looked at that others have refused. */
  async function serveLast(log: ModelLog): Promise<void> {
    const last = activeModel(log);
    if (last === undefined || last === log.activations.at(-1)) return;
    for (const release of releasesOf(log, last)) if (await serve(last, release)) return;
  }

  /** Why an activation does not serve. */
  function reasonOf(activation: Activation, candidates: readonly LoggedRelease[]): string {
    const first = candidates[0];
    if (first !== undefined) return refused.get(first.offset) ?? 'not looked at yet';
    const reason = `no release of version ${activation.version} and sha256 ${activation.sha256.slice(0, 12)} is in the log`;
    if (activation.offset > dangling) onRefused(activation, reason);
    dangling = Math.max(dangling, activation.offset);
    return reason;
  }

  return async (log, isOutdated = () => false) => {
    forget(refused, log);
    const newest = log.activations.at(-1);
    if (seat.current() === undefined) await serveLast(log);
    let refusal: Refusal | undefined;
    const seen = new Set<string>();
    for (const activation of newestFirst(log)) {
      const { version, sha256 } = activation;
      if (seen.has(`${version}/${sha256}`)) continue;
      seen.add(`${version}/${sha256}`);
      if (isOutdated()) return undefined;
      const candidates = releasesOf(log, activation);
      for (const release of candidates)
        if (await serve(activation, release))
          return { newest, artifactOffset: release.artifactOffset, refused: refusal };
      refusal ??= { version, reason: reasonOf(activation, candidates) };
    }
    return { newest, artifactOffset: undefined, refused: refusal };
  };
}

function* newestFirst({ activations }: ModelLog): Generator<Activation> {
  for (let i = activations.length - 1; i >= 0; i--) yield activations[i]!;
}

function forget(refused: Map<number, string>, { releases }: ModelLog): void {
  if (refused.size === 0) return;
  const known = new Set(releases.map(({ offset }) => offset));
  for (const offset of refused.keys()) if (!known.has(offset)) refused.delete(offset);
}
