/** Topics, events and waits that the sections on a real broker share. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openContext, packageRoot, readConfig, type Context } from '../cli/context.ts';
import { eventEncoder, type EventFormat } from '../cli/encoders.ts';
import { prepareTopics } from '../cli/topics.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';

const SEND_RECORDS = 1000;

/** The settings that these variables make, with all topics. */
export async function prepare(env: Readonly<Record<string, string>>): Promise<Context> {
  const context = openContext(readConfig({ config: join(packageRoot(), 'configs/config.yaml') }, env));
  await prepareTopics(context);
  return context;
}

/** Writes simulated events. */
export async function fill(
  context: Context,
  format: EventFormat,
  events: number,
  idPrefix = 'b-',
): Promise<void> {
  const producer = await context.kafka.openProducer();
  const encode = await eventEncoder(context, format);
  const topic = context.config.topics.names.customerEvents;
  let chunk: { key: string; value: Buffer | string }[] = [];
  for (const { event } of simulateEvents(events, 1, idPrefix)) {
    chunk.push({ key: event.customerId, value: encode(event) });
    if (chunk.length < SEND_RECORDS) continue;
    await producer.send(topic, chunk);
    chunk = [];
  }
  if (chunk.length > 0) await producer.send(topic, chunk);
  await producer.close();
}

/** Waits until something holds, asking every `everyMs`. An error counts as not yet. */
export async function until(
  holds: () => Promise<boolean>,
  what: string,
  everyMs = 20,
  timeoutMs = 120_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`not in ${String(timeoutMs)} ms: ${what}`);
    await sleep(everyMs);
  }
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
