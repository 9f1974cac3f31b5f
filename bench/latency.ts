/** Time from when an event was due to its committed score, at some rates, exactly once beside at least once, in turn in one run. */
import { randomBytes } from 'node:crypto';
import { say } from '../cli/context.ts';
import { startEmbedded } from '../cli/embedded/embedded.io.ts';
import { cpuSeconds, isWhole, startBuilt } from './built.ts';
import { quantile, scheduled } from './scheduled.ts';
import { median, prepare, until } from './surroundings.ts';

const RATES = (process.env['BENCH_RATES'] ?? '1000 10000').split(' ').map(Number);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const SECONDS = 10;
const PARTITIONS = 6;
const DELIVERIES = ['exactly-once', 'at-least-once'] as const;
const SHARES = [0.5, 0.99, 0.999] as const;

interface Figures {
  readonly rate: number;
  readonly delivery: (typeof DELIVERIES)[number];
  /** Milliseconds by share of the events, and CPU milliseconds in a second; of each round. */
  readonly rounds: { readonly ms: readonly number[]; readonly cpuMs: number }[];
}

/** One service of its own, warm, at each rate. */
async function measure(brokers: string, figures: readonly Figures[], delivery: string): Promise<void> {
  const env = {
    KAFKA_BROKERS: brokers,
    SCHEMA_REGISTRY_URL: '',
    TOPIC_PREFIX: `b${randomBytes(4).toString('hex')}.`,
    DELIVERY: delivery,
    LOG_LEVEL: 'INFO',
  };
  const context = await prepare(env);
  const service = await startBuilt(env);
  await until(() => isWhole(service, PARTITIONS), 'a scorer with all partitions');
  await scheduled(context, { rate: 2000, seconds: 3, idPrefix: 'warm' }); // not counted
  for (const { rate, rounds } of figures) {
    const before = cpuSeconds(service.pid);
    const times = await scheduled(context, { rate, seconds: SECONDS, idPrefix: `r${String(rate)}` });
    const cpuMs = ((cpuSeconds(service.pid) - before) * 1000) / SECONDS;
    rounds.push({ ms: SHARES.map((share) => quantile(times, share)), cpuMs });
    const told = rounds.at(-1)!.ms.map((ms) => ms.toFixed(0));
    say(`${delivery}, ${String(rate)} events/s: p50, p99, p99.9 ${told.join(', ')} ms`);
  }
  await service.stop();
}

export async function latency(): Promise<void> {
  const embedded = await startEmbedded({ registry: false, onProgress: say });
  try {
    const figures: Figures[] = RATES.flatMap((rate) =>
      DELIVERIES.map((delivery) => ({ rate, delivery, rounds: [] })),
    );
    for (let round = 0; round < ROUNDS; round++)
      for (const delivery of DELIVERIES)
        await measure(
          embedded.brokers,
          figures.filter((each) => each.delivery === delivery),
          delivery,
        );
    console.log(
      `\nms from when an event was due to its committed score, median of ${String(ROUNDS)} rounds of ${String(SECONDS)} s`,
    );
    console.log('events/s   delivery             p50      p99    p99.9   CPU ms in a second');
    for (const { rate, delivery, rounds } of figures) {
      const ms = SHARES.map((_, i) =>
        median(rounds.map((round) => round.ms[i]!))
          .toFixed(1)
          .padStart(8),
      );
      const cpu = median(rounds.map(({ cpuMs }) => cpuMs)).toFixed(0);
      console.log(
        `${String(rate).padStart(8)}   ${delivery.padEnd(15)} ${ms.join(' ')}   ${cpu.padStart(18)}`,
      );
    }
  } finally {
    await embedded.stop();
  }
}
