/** Writes what an operator does to the model log, and waits for a scorer's word on it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reader } from '../kafka/port.ts';
import type { LogChange } from '../models/log-decisions.ts';
import type { ModelLog, ModelName, Outcome } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
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

/** Throws an Error if a scorer refuses the model, another one is activated meanwhile, or no scorer says anything in time. */
export async function writeAndWait(
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
      `${version} is activated, but no scorer has said within ${String(timeout)} s whether it serves: look at /health and \`models list\``,
    );
  if (outcome === 'superseded') throw new Error(`another model was activated after ${version}`);
  if (!outcome.served)
    throw new Error(`${version} is refused by ${outcome.actor ?? 'a scorer'}: ${outcome.reason ?? ''}`);
  say(`served by ${outcome.actor ?? 'a scorer'}: ${version}`);
}

/** What scorers say of an activation. The time runs from the first moment, while Kafka is slow too. */
export async function outcomeOf(
  modelLog: Pick<ModelLogAccess, 'follow'>,
  activation: number,
  timeoutMs: number,
): Promise<Outcome | 'late' | 'superseded'> {
  const ended = new AbortController();
  let reader: Promise<Reader> | undefined;
  const said = new Promise<Outcome | 'superseded'>((resolve, reject) => {
    reader = modelLog.follow(
      ({ log }) => {
        const outcome = log.outcomes.get(activation);
        if (outcome !== undefined) resolve(outcome);
        // A first look may be so early that it does not show the activation itself.
        else if ((log.activations.at(-1)?.offset ?? -1) > activation) resolve('superseded');
      },
      () => undefined,
    );
    reader.catch(reject);
  });
  try {
    const late = sleep(timeoutMs, 'late' as const, { ref: true, signal: ended.signal });
    late.catch(() => undefined);
    return await Promise.race([said, late]);
  } finally {
    ended.abort();
    const closed = reader?.then((open) => open.close()).catch(() => undefined);
    await Promise.race([closed, sleep(CLOSE_MS, undefined, { ref: false })]);
  }
}

/** Until a reader has closed that Kafka does not answer. */
const CLOSE_MS = 1000;
