/**
 * Latency by schedule: events are sent when they are due, whether or not the former ones are scored, and each counts from the moment it was
 * due. So a stall is charged to every event that waits for it, and nothing is left out because the sender waited too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../cli/context.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';

const TICK_MS = 2;
/** Sends side by side: one that waits does not keep the next. */
const PRODUCERS = 4;
const EVENT = /"eventId":"([^"]+)"/;
/** Longest wait for the last scores, milliseconds. */
const PATIENCE_MS = 30_000;

export interface Schedule {
  /** Events a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Another one for each measurement. */
  readonly idPrefix: string;
}

/** Milliseconds from when an event was due to its committed score, as a `read_committed` reader sees it, in ascending order. */
export async function scheduled({ kafka, config }: Context, schedule: Schedule): Promise<readonly number[]> {
  const { rate, seconds, idPrefix } = schedule;
  const total = rate * seconds;
  const due = new Map<string, number>();
  const times: number[] = [];
  const { customerEvents, churnScores } = config.topics.names;
  const options = { fromBeginning: false };
  const reader = await kafka.openReader([churnScores], options, (_, __, { value }) => {
    const dueMs = due.get(EVENT.exec(String(value))?.[1] ?? '');
    if (dueMs !== undefined) times.push(performance.now() - dueMs);
  });
  const producers = await Promise.all(Array.from({ length: PRODUCERS }, () => kafka.openProducer()));
  const sends: Promise<void>[] = [];
  const events = simulateEvents(total, 3, `${idPrefix}-`);
  const begunMs = performance.now() + 500;
  await sleep(500);
  for (let sent = 0, turn = 0; sent < total; turn++) {
    const now = Math.min(total, Math.floor(((performance.now() - begunMs) / 1000) * rate));
    const chunk: { key: string; value: string }[] = [];
    for (; sent < now; sent++) {
      const { event } = events.next().value as SourcedEvent;
      due.set(event.eventId, begunMs + (sent / rate) * 1000);
      chunk.push({ key: event.customerId, value: JSON.stringify(event) });
    }
    if (chunk.length > 0) sends.push(producers[turn % PRODUCERS]!.send(customerEvents, chunk));
    await sleep(TICK_MS);
  }
  await Promise.all(sends);
  for (let waited = 0; times.length < total && waited < PATIENCE_MS; waited += 50) await sleep(50);
  await Promise.all(producers.map((producer) => producer.close()));
  await reader.close();
  if (times.length !== total) throw new Error(`${String(times.length)} scores of ${String(total)} events`);
  return times.sort((a, b) => a - b);
}

/** @param share 0 < share < 1 */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(sorted.length * share)]!;
