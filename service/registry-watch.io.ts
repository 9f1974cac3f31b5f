/** Looks at the schema registry now and then, so that health and metrics show it also while nobody needs it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../schemas/errors.ts';
import type { Registry } from '../schemas/registry.io.ts';
import type { Metrics } from './metrics.io.ts';
import type { Log } from './role-view.ts';

const LOOK_EVERY_MS = 5000;

/** Starts; each change, and each new reason, is one line of the log. */
export function watchRegistry(
  registry: Registry | undefined,
  { registryUp }: Pick<Metrics, 'registryUp'>,
  log: Log,
): { stop(): void } {
  let stopped = false;
  let told: string | undefined;
  const look = async (): Promise<void> => {
    const error = await registry?.check().then(
      () => undefined,
      (reason: unknown) => messageOf(reason),
    );
    if (stopped) return;
    registryUp.set(error === undefined ? 1 : 0);
    if (error === told) return;
    if (error === undefined) log.info({}, 'the schema registry answers');
    else log.warn({ code: 'REGISTRY_UNAVAILABLE', fault: error }, 'the schema registry cannot be used');
    told = error;
  };
  void (async () => {
    while (registry !== undefined && !stopped) {
      await look();
      await sleep(LOOK_EVERY_MS, undefined, { ref: false });
    }
  })();
  return {
    stop: () => {
      stopped = true;
    },
  };
}
