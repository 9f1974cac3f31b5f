/** Scorers write down what became of an activation, so that whoever made it gets to know. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decideOutcome, isChange } from '../models/log-decisions.ts';
import { EMPTY_LOG, type ModelLog } from '../models/log.ts';
import { messageOf } from '../schemas/errors.ts';
import type { Choice } from './model-choice.io.ts';
import type { ModelLogAccess } from './model-log-port.ts';
import type { Log } from './role-view.ts';

/** All scorers come to a result at about the same time, and one record is enough. */
const JITTER_MS = 500;
/** Of one activation: somebody may write the contrary as often as he likes, and two scorers may disagree. */
const TELLINGS = 3;

export interface OutcomeSettings {
  readonly modelLog: Pick<ModelLogAccess, 'write'>;
  readonly log: Log;
  /** The activation that serves; -1: none of the log. */
  readonly serving: () => number;
  /** As it is followed. */
  readonly newest: () => ModelLog | undefined;
}

/**
 * Writes the outcome of the newest activation unless the log has it; again if somebody else has written another one. Never
 * throws: nothing depends on it.
 */
export function createTellOutcome(settings: OutcomeSettings): (choice: Choice) => Promise<void> {
  const tell = createTell(settings);
  let next: Choice | undefined;
  let isTelling = false;
  return async (choice) => {
    next = choice;
    if (isTelling) return;
    isTelling = true;
    while (next !== undefined) {
      const newest = next;
      next = undefined;
      await tell(newest);
    }
    isTelling = false;
  };
}

function createTell({ modelLog, log, serving, newest }: OutcomeSettings) {
  let about: number | undefined;
  let tellings = 0;
  return async ({ newest: activation, refused, artifactOffset }: Choice): Promise<void> => {
    if (activation === undefined) return;
    if (activation.offset !== about) [about, tellings] = [activation.offset, 0];
    const served = refused === undefined;
    const outcome = {
      activation: activation.offset,
      served,
      serving: serving(),
      artifactOffset: served ? (artifactOffset ?? null) : null,
    };
    const decide = (now: ModelLog) => decideOutcome(now, outcome, refused?.reason);
    const isTold = (): boolean => !isChange(decide(newest() ?? EMPTY_LOG));
    if (tellings >= TELLINGS || isTold()) return;
    await sleep(Math.random() * JITTER_MS, undefined, { ref: false });
    if (isTold()) return;
    tellings++;
    try {
      await modelLog.write(decide, 'OPERATOR');
    } catch (error) {
      log.warn(
        { activation: activation.offset, fault: messageOf(error) },
        'what became of the activation is not written down',
      );
    }
  };
}
