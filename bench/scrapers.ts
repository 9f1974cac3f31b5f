/**
 * What many scrapers cost scoring: time from the event, as it was due, to its committed score, with nobody asking for
 * `/metrics` and with 50 who ask once a second. In turn, in one run; medians and their ratio.
 */
import { randomBytes } from 'node:crypto';
import { say, type Context } from '../cli/context.ts';
import { startEmbedded } from '../cli/embedded/embedded.io.ts';
import type { ServiceProcess } from '../cli/service-process.io.ts';
import { startBuilt } from './built.ts';
import { quantile, scheduled } from './scheduled.ts';
import { median, prepare } from './surroundings.ts';

const SCRAPERS = 50;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const RATE = 500;
const SECONDS = 10;

export async function scrapers(): Promise<void> {
  const embedded = await startEmbedded({ registry: false, onProgress: say });
  const env = {
    KAFKA_BROKERS: embedded.brokers,
    SCHEMA_REGISTRY_URL: '',
    TOPIC_PREFIX: `b${randomBytes(4).toString('hex')}.`,
  };
  try {
    const context = await prepare(env);
    const service = await startBuilt(env);
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

/** The 99th percentile, milliseconds. */
const measured = async (context: Context, idPrefix: string): Promise<number> =>
  quantile(await scheduled(context, { rate: RATE, seconds: SECONDS, idPrefix }), 0.99);

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
