/** Scorers write down what became of an activation, so that whoever made it gets to know. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decideOutcome, isChange } from '../models/log-decisions.ts';
import type { ModelLog } from '../models/log.ts';
import { messageOf } from '../schemas/errors.ts';
import type { Choice } from './model-choice.io.ts';
import type { ModelLogAccess } from './model-log-port.ts';
import type { Log } from './role-view.ts';

/** All scorers come to a result at about the same time, and one record is enough. */
const JITTER_MS = 500;

export interface OutcomeSettings {
  readonly modelLog: Pick<ModelLogAccess, 'write'>;
  readonly log: Log;
  /** The activation that serves; -1: none of the log. */
  readonly serving: () => number;
  /** As it is followed. */
  readonly newest: () => ModelLog | undefined;
}

/** Writes the outcome of the newest activation unless the log has it. Never throws: nothing depends on it. */
export function createTellOutcome({ modelLog, log, serving, newest }: OutcomeSettings) {
  const told = new Set<string>();
  return async ({ newest: activation, refused, artifactOffset }: Choice): Promise<void> => {
    if (activation === undefined) return;
    const served = refused === undefined;
    const outcome = {
      activation: activation.offset,
      served,
      serving: serving(),
      artifactOffset: served ? (artifactOffset ?? null) : null,
    };
    const decide = (now: ModelLog) => decideOutcome(now, outcome, refused?.reason);
    const key = `${String(activation.offset)} ${String(served)}`;
    if (told.has(key)) return;
    told.clear(); // of older activations nothing is told any more
    told.add(key);
    await sleep(Math.random() * JITTER_MS, undefined, { ref: false });
    const seen = newest();
    if (seen === undefined || !isChange(decide(seen))) return;
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
