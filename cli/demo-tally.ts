import type { ChurnScore } from '../schemas/generated.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { rocAuc } from '../training/evaluation.ts';
import type { Holdout } from './demo-holdout.io.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';

/** An event that was sent, and its score once it is read back. */
export interface Sent {
  readonly atMs: number;
  readonly churned: boolean | undefined;
  readonly calm: boolean;
  readonly customerId: string;
  score?: number;
  modelSha256?: string;
  scoredAtMs?: number;
}

/** What the demo saw: events it sent and scores it read back. */
export interface Tally {
  begin(): void;
  /** From now on events come calmly: their latency is what a score takes. */
  calm(): void;
  readonly event: (sourced: SourcedEvent) => void;
  damaged(count: number): void;
  score(score: ChurnScore): void;
  deadLetter(record: SourceRecord): void;
  sent(): number;
  damagedSent(): number;
  scores(): number;
  deadLetters(): number;
  report(): TallyReport;
}
interface TallyReport {
  readonly events: ReadonlyMap<string, Sent>;
  readonly doubled: number;
  readonly unknown: number;
  readonly codes: ReadonlyMap<string, number>;
  readonly burstMs: number;
  readonly burstEvents: number;
}

export function createTally(): Tally {
  const events = new Map<string, Sent>();
  const scoreIds = new Set<string>();
  const codes = new Map<string, number>();
  let [scores, doubled, unknown, letters, damaged, begunMs, burstMs, burstEvents] = [0, 0, 0, 0, 0, 0, 0, 0];
  let isCalm = false;
  return {
    begin: () => {
      begunMs = Date.now();
    },
    calm: () => {
      isCalm = true;
      burstEvents = events.size;
      burstMs = Date.now() - begunMs;
    },
    event: ({ event, churned }) => {
      events.set(event.eventId, { atMs: Date.now(), churned, calm: isCalm, customerId: event.customerId });
    },
    damaged: (count) => {
      damaged = count;
    },
    score: (score) => {
      if (scoreIds.has(score.scoreId)) doubled += 1;
      scoreIds.add(score.scoreId);
      scores += 1;
      const sent = events.get(score.eventId);
      if (sent === undefined) unknown += 1;
      else
        Object.assign(sent, {
          score: score.churnProbability,
          modelSha256: score.modelSha256,
          scoredAtMs: Date.now(),
        });
    },
    deadLetter: ({ headers }) => {
      letters += 1;
      const code = String(headers['error-code'] ?? 'no code');
      codes.set(code, (codes.get(code) ?? 0) + 1);
    },
    sent: () => events.size,
    damagedSent: () => damaged,
    scores: () => scores,
    deadLetters: () => letters,
    report: () => ({ events, doubled, unknown, codes, burstMs, burstEvents }),
  };
}

/** Whether each event sent has one score, and no score is of anything else. */
export function exactness(tally: Tally) {
  const { events, doubled, unknown } = tally.report();
  const missing = [...events.values()].filter(({ score }) => score === undefined).length;
  const isExact = tally.scores() === events.size && doubled + unknown + missing === 0;
  return { sent: events.size, scores: tally.scores(), doubled, missing, isExact };
}

/** Prints the summary; false where events and scores do not match. */
export function printSummary(
  tally: Tally,
  holdout: Holdout | undefined,
  print: (line: string) => void,
): boolean {
  const { events, codes, burstMs, burstEvents } = tally.report();
  const { doubled, missing, isExact } = exactness(tally);
  const complete = isExact && tally.deadLetters() === tally.damagedSent();
  const line = (name: string, value: string): void => print(`${name.padEnd(14)} ${value}`);
  line('events in', String(events.size + tally.damagedSent()));
  line(
    'scores out',
    `${String(tally.scores())}${complete ? ', one for each readable event' : ''} (doubled ${String(doubled)}, missing ${String(missing)})`,
  );
  const reasons = [...codes].map(([code, count]) => `${code} ${String(count)}`).join(', ');
  line(
    'dead letters',
    `${String(tally.deadLetters())}${tally.damagedSent() > 0 ? ` of ${String(tally.damagedSent())} damaged records: ${reasons}` : ''}`,
  );
  line(
    'throughput',
    `${Math.round((burstEvents / burstMs) * 1000).toLocaleString('en')} events/s, produced, scored and read back on this machine`,
  );
  printLatency([...events.values()], line);
  printAuc([...events.values()], holdout, line);
  return complete;
}

function printLatency(events: readonly Sent[], line: (name: string, value: string) => void): void {
  const times = events.filter(({ calm }) => calm).map(({ atMs, scoredAtMs }) => (scoredAtMs ?? atMs) - atMs).sort((a, b) => a - b); // prettier-ignore
  if (times.length === 0) return;
  const at = (share: number): string =>
    String(times[Math.min(times.length - 1, Math.floor(share * times.length))]);
  line(
    'latency',
    `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms from sending an event to reading its score (${String(times.length)} events at 500/s)`,
  );
}

function printAuc(
  events: readonly Sent[],
  holdout: Holdout | undefined,
  line: (name: string, value: string) => void,
): void {
  const rows = events.filter(
    ({ churned, score, customerId }) =>
      churned !== undefined && score !== undefined && (holdout?.customers.has(customerId) ?? true),
  );
  if (rows.length === 0) return;
  const scores = rows.map(({ score }) => score!);
  const labels = rows.map(({ churned }) => Number(churned));
  const which =
    holdout === undefined
      ? 'all of them'
      : `the ${String(rows.length)} rows of ${holdout.name}, never trained on`;
  line(
    'ROC AUC',
    `${rocAuc(scores, labels).toFixed(4)} of the scores read back, against who really left (${which})`,
  );
}
