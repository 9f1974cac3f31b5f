/** The share of dead letters in the last events: one producer's mistake, or a stream that nobody scores any more. */
import type { Decision } from '../schemas/ports.ts';
import type { Concerns } from './health-state.ts';
import type { RoleView } from './role-view.ts';

/** Events that are looked at: the last so many, whole batches. */
const WINDOW = 1000;
/** Fewer are no evidence. */
const LEAST = 100;
/** Back is below the limit by so much: a share beside the limit makes no line a batch. */
const BACK = 0.9;

/** Takes the outcomes of a committed batch. */
export type WatchLetters = (decision: Pick<Decision, 'outcomes'>) => void;

interface Tally {
  readonly events: number;
  readonly letters: number;
}

/** Shows the share of dead letters; says once that it is above `most`, and once that it is back. */
export function createLetterWatch(
  { metrics, log }: Pick<RoleView, 'metrics' | 'log'>,
  most: number,
  concerns: Pick<Concerns, 'deadLetterShare'>,
): WatchLetters {
  const add = createShare(WINDOW);
  return ({ outcomes }) => {
    const { events, letters } = add(tally(outcomes));
    if (events < LEAST) return;
    const share = letters / events;
    metrics.deadLetterShare.set(share);
    const isAbove = share > (concerns.deadLetterShare === undefined ? most : most * BACK);
    const said = { share: Number(share.toFixed(3)), limit: most, events };
    if (isAbove && concerns.deadLetterShare === undefined)
      log.error(said, 'many events are dead letters: look at churn_dead_letters_total and the producers');
    if (!isAbove && concerns.deadLetterShare !== undefined)
      log.info(said, 'the share of dead letters is back below its limit');
    concerns.deadLetterShare = isAbove ? share : undefined;
  };
}

/** Events of a batch that are scored or dead letters; what is ignored is neither. */
function tally(outcomes: Decision['outcomes']): Tally {
  let events = 0;
  let letters = 0;
  for (const [outcome, count] of outcomes) {
    if (outcome === 'ignored') continue;
    events += count;
    if (outcome !== 'scored') letters += count;
  }
  return { events, letters };
}

/** Sums over the newest batches that have `window` events together, or all there are: at most `window` tallies are kept. */
export function createShare(window: number): (batch: Tally) => Tally {
  const ring: Tally[] = [];
  let sum: Tally = { events: 0, letters: 0 };
  return (batch) => {
    if (batch.events > 0) ring.push(batch);
    sum = { events: sum.events + batch.events, letters: sum.letters + batch.letters };
    for (let [oldest] = ring; oldest !== undefined && sum.events - oldest.events >= window; [oldest] = ring) {
      sum = { events: sum.events - oldest.events, letters: sum.letters - oldest.letters };
      ring.shift();
    }
    return sum;
  };
}
