/** Looks at the schema registry now and then, so that health and metrics show it also while nobody needs it. */
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
  if (registry === undefined) return { stop: () => undefined };
  let told: string | undefined;
  const look = async (): Promise<void> => {
    await registry.check().catch(() => undefined);
    const { up, error } = registry.state();
    registryUp.set(up === true ? 1 : 0);
    if (error === told) return;
    if (error === undefined) log.info({}, 'the schema registry answers');
    else log.warn({ code: 'REGISTRY_UNAVAILABLE', fault: error }, 'the schema registry cannot be used');
    told = error;
  };
  void look();
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
