/** When the trainer looks for labels again: a rule of the clock alone, so that any shell can say it too. */
import { backOff, type BackOff } from '../schemas/back-off.ts';

/**
 * The first moment after `nowMs` at which a deferred request is looked at: the waits after the deferral double from the first
 * up to the longest.
 *
 * @param sinceMs when it was deferred first; a time after `nowMs` counts as `nowMs`. All times in milliseconds since 1970.
 */
export function nextLook(sinceMs: number, nowMs: number, retryMs: BackOff): number {
  let at = Math.min(sinceMs, nowMs);
  for (let looks = 0; at <= nowMs; looks++) {
    const wait = backOff(retryMs, looks);
    at += wait;
    // From here on all waits are alike.
    if (wait === retryMs.longest && at <= nowMs) return at + (Math.floor((nowMs - at) / wait) + 1) * wait;
  }
  return at;
}
