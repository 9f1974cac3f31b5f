/** Which broker leads which partition, as far as it is known; asked again when that turns out to be wrong. */
import { backOff, type BackOff } from '../../schemas/back-off.ts';
import type { Clock } from '../../schemas/ports.ts';
import type { FetchPort } from './ports.ts';

export interface Leaders {
  of(partition: number): string | undefined;
  /** What is known is wrong, or not enough: asks again, with growing waits if that does not help. */
  renew(): void;
}

/** @param onKnown called whenever there may be something new. */
export function createLeaders(
  port: Pick<FetchPort, 'leaders'>,
  clock: Clock,
  retryMs: BackOff,
  onKnown: () => void,
): Leaders {
  let known: ReadonlyMap<number, string> | undefined;
  let isBusy = false;
  const asked = { since: 0, before: 0, tries: 0 };

  async function ask(): Promise<void> {
    isBusy = true;
    asked.before = asked.since;
    known = await port.leaders(known !== undefined).catch(() => known);
    onKnown();
    await clock.sleep(backOff(retryMs, asked.tries));
    isBusy = false;
    const isEnough = asked.since === asked.before;
    asked.tries = isEnough ? 0 : asked.tries + 1;
    if (!isEnough) void ask();
  }

  return {
    of: (partition) => known?.get(partition),
    renew: () => {
      asked.since += 1;
      if (!isBusy) void ask();
    },
  };
}
