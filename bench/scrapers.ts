/**
 * What many scrapers cost scoring: time from the event, as it was due, to its committed score, with nobody asking for
 * `/metrics` and with 50 who ask once a second. In turn, in one run; medians and their ratio.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openContext, packageRoot, readConfig, say, type Context } from '../cli/context.ts';
import { startEmbedded } from '../cli/embedded/embedded.io.ts';
import { startService, type ServiceProcess } from '../cli/service-process.io.ts';
import { prepareTopics } from '../cli/topics.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';

const SCRAPERS = 50;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const RATE = 500;
const SECONDS = 10;
const TICK_MS = 10;
const EVENT = /"eventId":"([^"]+)"/;

export async function scrapers(): Promise<void> {
  const embedded = await startEmbedded({ registry: false, onProgress: say });
  const env = {
    KAFKA_BROKERS: embedded.brokers,
    SCHEMA_REGISTRY_URL: '',
    TOPIC_PREFIX: `b${randomBytes(4).toString('hex')}.`,
  };
  try {
    const context = openContext(readConfig({ config: join(packageRoot(), 'configs/config.yaml') }, env));
    await prepareTopics(context);
    const service = await startService(env, ['scorer']);
    await measured(context, 'warm'); // not counted
    const without: number[] = [];
    const withThem: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      without.push(await measured(context, `a${String(round)}`));
      const end = scrape(service);
      withThem.push(await measured(context, `b${String(round)}`));
      end();
      say(
        `p99 ${without.at(-1)!.toFixed(0)} ms, with ${String(SCRAPERS)} scrapers ${withThem.at(-1)!.toFixed(0)} ms`,
      );
    }
    await service.stop();
    const [alone, scraped] = [median(without), median(withThem)];
    console.log(
      `\np99 of scoring at ${String(RATE)} events/s, median of ${String(ROUNDS)}: ${alone.toFixed(0)} ms; with ` +
        `${String(SCRAPERS)} scrapers at one request a second each ${scraped.toFixed(0)} ms: ratio ${(scraped / alone).toFixed(2)}`,
    );
  } finally {
    await embedded.stop();
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Sends events by schedule. Returns the 99th percentile from when an event was due to its committed score, milliseconds. */
async function measured({ kafka, config }: Context, idPrefix: string): Promise<number> {
  const due = new Map<string, number>();
  const times: number[] = [];
  const { customerEvents, churnScores } = config.topics.names;
  const options = { group: `${config.group}.bench`, fromBeginning: false };
  const reader = await kafka.openReader([churnScores], options, (_, __, { value }) => {
    const id = EVENT.exec(String(value))?.[1] ?? '';
    const dueMs = due.get(id);
    if (dueMs !== undefined) times.push(performance.now() - dueMs);
  });
  const producer = await kafka.openProducer();
  const total = RATE * SECONDS;
  const events = simulateEvents(total, 3, `${idPrefix}-`);
  const begun = performance.now() + 500;
  await sleep(500);
  let sent = 0;
  while (sent < total) {
    const now = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * RATE));
    const chunk: { key: string; value: string }[] = [];
    for (; sent < now; sent++) {
      const { event } = events.next().value as SourcedEvent;
      due.set(event.eventId, begun + (sent / RATE) * 1000);
      chunk.push({ key: event.customerId, value: JSON.stringify(event) });
    }
    if (chunk.length > 0) await producer.send(customerEvents, chunk);
    await sleep(TICK_MS);
  }
  for (let waited = 0; times.length < total && waited < 10_000; waited += 50) await sleep(50);
  await producer.close();
  await reader.close();
  if (times.length !== total) throw new Error(`${String(times.length)} scores of ${String(total)} events`);
  return times.sort((a, b) => a - b)[Math.floor(total * 0.99)]!;
}

/** Scrapers out of step with each other. Returns what ends them. */
function scrape({ port }: ServiceProcess): () => void {
  const url = `http://127.0.0.1:${String(port)}/metrics`;
  const timers: NodeJS.Timeout[] = [];
  for (let i = 0; i < SCRAPERS; i++) {
    const ask = (): void => void fetch(url).then((answer) => answer.text(), () => undefined); // prettier-ignore
    timers.push(
      setTimeout(
        () => {
          ask();
          timers.push(setInterval(ask, 1000));
        },
        (i * 1000) / SCRAPERS,
      ),
    );
  }
  return () => timers.forEach((timer) => clearTimeout(timer));
}
