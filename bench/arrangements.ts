/**
 * The whole on a real broker, in turn in one run: exactly once beside at least once, JSON beside Avro, one worker beside two, and the client
 * library passing records through. Events wait; the clock runs from when all workers score until the group's offsets reach the end.
 */
import { randomBytes } from 'node:crypto';
import { say, type Context } from '../cli/context.ts';
import type { EventFormat } from '../cli/encoders.ts';
import { startEmbedded } from '../cli/embedded/embedded.io.ts';
import { passThrough } from '../kafka/kafkajs/pass-through.fixture.ts';
import { cpuSeconds, isWhole, scored, startBuilt } from './built.ts';
import { fill, median, prepare, until } from './surroundings.ts';

const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 400_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const PARTITIONS = 6;
/** So many events at least must be left when the clock starts. */
const MEASURED_SHARE = 0.4;

interface Arrangement {
  readonly name: string;
  readonly format: EventFormat;
  /** undefined: the client library alone, consuming and producing the same records. */
  readonly delivery: 'exactly-once' | 'at-least-once' | undefined;
  readonly workers: number;
}

/** The first is what the others are compared with. */
const ARRANGEMENTS: readonly Arrangement[] = [
  { name: 'exactly once, JSON', format: 'json', delivery: 'exactly-once', workers: 1 },
  { name: 'at least once, JSON', format: 'json', delivery: 'at-least-once', workers: 1 },
  { name: 'exactly once, Avro', format: 'avro', delivery: 'exactly-once', workers: 1 },
  { name: 'at least once, Avro', format: 'avro', delivery: 'at-least-once', workers: 1 },
  { name: 'exactly once, JSON, two workers', format: 'json', delivery: 'exactly-once', workers: 2 },
  { name: 'kafkajs passing JSON through, no transactions', format: 'json', delivery: undefined, workers: 1 },
];

/** Of one run: events a second, and a CPU second. */
interface Rates {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** What takes the events, begun. */
interface Running {
  isWhole(): Promise<boolean>;
  cpuSeconds(): number;
  /** @throws if it has not done what it should. */
  stop(): Promise<unknown>;
}

type Environment = Readonly<Record<string, string>>;

/** A topic of events for each format, filled once, which every run reads under a group of its own. */
async function waitingEvents(common: Environment, format: EventFormat): Promise<Environment> {
  const env = {
    ...common,
    ...(format === 'avro' ? {} : { SCHEMA_REGISTRY_URL: '' }),
    TOPICS_CUSTOMER_EVENTS: `b${randomBytes(4).toString('hex')}.${format}`,
  };
  await fill(await prepare(env), format, EVENTS);
  return env;
}

/** Topics for the outputs, and a group, of one run. */
function ofRun(events: Environment, { delivery, workers }: Arrangement): Environment {
  const run = `b${randomBytes(4).toString('hex')}`;
  const outputs = ['CHURN_SCORES', 'DEAD_LETTERS', 'DRIFT_COUNTS', 'CHURN_MODELS', 'MODEL_ARTIFACTS'];
  return {
    ...events,
    ...Object.fromEntries(outputs.map((name) => [`TOPICS_${name}`, `${run}.${name.toLowerCase()}`])),
    GROUP_ID: run,
    DELIVERY: delivery ?? 'at-least-once',
    WORKERS: String(workers),
    LOG_LEVEL: 'INFO',
  };
}

async function startScorers(env: Environment): Promise<Running> {
  const service = await startBuilt(env);
  return {
    isWhole: () => isWhole(service, PARTITIONS),
    cpuSeconds: () => cpuSeconds(service.pid),
    stop: async () => {
      // The supervisor asks its workers once a second.
      await until(async () => (await scored(service)) === EVENTS, `${String(EVENTS)} scores`, 200, 10_000);
      await service.stop();
    },
  };
}

async function startPassing({ config }: Context): Promise<Running> {
  const { customerEvents, churnScores } = config.topics.names;
  const stop = await passThrough(config.kafka.brokers.join(), config.group, customerEvents, churnScores);
  return {
    isWhole: () => Promise.resolve(true),
    cpuSeconds: () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    stop,
  };
}

async function measure(events: Environment, arrangement: Arrangement): Promise<Rates> {
  const env = ofRun(events, arrangement);
  const context = await prepare(env);
  const running = await (arrangement.delivery === undefined ? startPassing(context) : startScorers(env));
  const { customerEvents } = context.config.topics.names;
  const rates = await context.kafka.administer(async (admin) => {
    const committed = async (): Promise<number> => {
      const offsets = [...(await admin.committedOffsets(context.config.group, customerEvents)).values()];
      return offsets.reduce((sum, { offset }) => sum + offset, 0);
    };
    await until(async () => (await committed()) > 0 && (await running.isWhole()), 'scores by all workers', 5);
    const begun = { ms: performance.now(), cpu: running.cpuSeconds(), events: await committed() };
    const events = EVENTS - begun.events;
    if (events < MEASURED_SHARE * EVENTS)
      throw new Error(
        `${String(events)} events were left when all workers scored: give more with BENCH_EVENTS`,
      );
    await until(async () => (await committed()) >= EVENTS, 'the last offset');
    return {
      perSecond: (events * 1000) / (performance.now() - begun.ms),
      perCpuSecond: events / (running.cpuSeconds() - begun.cpu),
    };
  });
  await running.stop();
  context.registry?.close();
  return rates;
}

function print(results: readonly { arrangement: Arrangement; rates: readonly Rates[] }[]): void {
  const medians = results.map(({ arrangement, rates }) => ({
    name: arrangement.name,
    figures: [
      median(rates.map(({ perSecond }) => perSecond)),
      median(rates.map(({ perCpuSecond }) => perCpuSecond)),
    ],
  }));
  const base = medians[0]!.figures;
  console.log(
    `\n${String(PARTITIONS)} partitions, ${String(EVENTS)} events waiting, median of ${String(ROUNDS)}`,
  );
  console.log(
    `${'arrangement'.padEnd(48)} ${'events/s'.padStart(9)}   ratio   ${'per CPU s'.padStart(9)}   ratio`,
  );
  for (const { name, figures } of medians) {
    const columns = figures.map(
      (figure, i) => `${figure.toFixed(0).padStart(9)}   ${(figure / base[i]!).toFixed(2).padStart(5)}`,
    );
    console.log(`${name.padEnd(48)} ${columns.join('   ')}`);
  }
}

export async function arrangements(): Promise<void> {
  const embedded = await startEmbedded({ onProgress: say });
  try {
    const common = { KAFKA_BROKERS: embedded.brokers, SCHEMA_REGISTRY_URL: embedded.registryUrl ?? '' };
    const waiting = {
      json: await waitingEvents(common, 'json'),
      avro: await waitingEvents(common, 'avro'),
    };
    const results = ARRANGEMENTS.map((arrangement) => ({ arrangement, rates: [] as Rates[] }));
    for (let round = 0; round < ROUNDS; round++)
      for (const { arrangement, rates } of results) {
        rates.push(await measure(waiting[arrangement.format], arrangement));
        const { perSecond, perCpuSecond } = rates.at(-1)!;
        say(
          `${arrangement.name}: ${perSecond.toFixed(0)} events/s, ${perCpuSecond.toFixed(0)} per CPU second`,
        );
      }
    print(results);
  } finally {
    await embedded.stop();
  }
}
