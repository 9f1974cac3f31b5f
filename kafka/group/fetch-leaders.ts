/** Which broker leads which partition, as far as it is known; asked again when that turns out to be wrong. */
import { backOff, type BackOff } from '../../schemas/back-off.ts';
import type { Clock } from '../../schemas/ports.ts';
import type { FetchPort } from './ports.ts';

export interface Leaders {
  of(partition: number): string | undefined;
  /** What is known is wrong, or not enough: asks again, with growing waits if that does not help. */
  renew(): void;
}

export interface LeadersSettings {
  readonly port: Pick<FetchPort, 'leaders'>;
  readonly clock: Clock;
  readonly retryMs: BackOff;
  /** There may be something new. */
  onKnown(): void;
  /** Nobody could say it, for so many times in a row. */
  onError(error: unknown, times: number): void;
}

export function createLeaders({ port, clock, retryMs, onKnown, onError }: LeadersSettings): Leaders {
  let known: ReadonlyMap<number, string> | undefined;
  let isBusy = false;
  let failures = 0;
  const asked = { since: 0, before: 0, tries: 0 };

  async function ask(): Promise<void> {
    isBusy = true;
    known = await port.leaders(known !== undefined).then(
      (found) => {
        failures = 0;
        return found;
      },
      (error: unknown) => {
        failures += 1;
        onError(error, failures);
        return known;
      },
    );
    asked.before = asked.since;
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
