import { Command, Option } from 'commander';
import { DRIFT_SCENARIOS, type DriftName } from '../producers/drift-scenarios.ts';
import { createProgress, openContext, readConfig, say, withConfig } from './context.ts';
import { openEvents, withEventFile, type ReadingOptions } from './event-file.io.ts';
import { simulateEvents, type StreamDrift } from '../producers/simulate-events.io.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';
import { positiveInteger, positiveNumber, wholeNumber } from './options.ts';
import { eventEncoder, outcomeEncoder, type EventFormat } from './encoders.ts';
import { publishEvents } from '../producers/publish.io.ts';

interface ProduceOptions extends ReadingOptions {
  readonly config: string;
  readonly count?: number;
  readonly rate?: number;
  readonly seed: number;
  readonly drift?: DriftName;
  readonly driftOver: number;
  readonly outcomes?: true;
  readonly labelLag: number;
  readonly format?: EventFormat;
}

const SIMULATED = 1000;

export function produceCommand(): Command {
  return withEventFile(withConfig(new Command('produce')))
    .description('publish customer events: of a CSV (the data set’s columns), of JSON lines, or simulated')
    .argument(
      '[file]',
      'customers.csv, events.jsonl, or - for JSON lines on standard input; without it: simulated customers',
    )
    .option('--count <n>', 'events at most', positiveInteger)
    .option('--rate <n>', 'events a second', positiveNumber)
    .addOption(
      new Option('--drift <scenario>', 'simulated customers that have left the training profile').choices(
        Object.keys(DRIFT_SCENARIOS),
      ),
    )
    .option('--drift-over <n>', 'events over which the drift comes; 0 = at once', wholeNumber, 0)
    .option('--outcomes', 'publish also whether the customers left, where the source knows it')
    .option('--label-lag <seconds>', 'from an event to its outcome', positiveNumber, 5)
    .option('--seed <n>', 'of the simulator', positiveInteger, 1)
    .addOption(
      new Option('--format <format>', 'default: avro where a schema registry is configured').choices([
        'avro',
        'json',
      ]),
    )
    .action(async (file: string | undefined, options: ProduceOptions) => {
      const config = readConfig(options);
      const source = await eventsOf(file, options, config.customer);
      const context = openContext(config);
      const topic = context.config.topics.names.customerEvents;
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      const encode = await eventEncoder(context, options.format);
      const producer = await context.kafka.openProducer();
      const progress = createProgress();
      let published = 0;
      const onSent = (sent: number): void => {
        published = sent;
        progress.update(`${String(sent)} events`);
      };
      try {
        const outcomes =
          options.outcomes === undefined
            ? undefined
            : {
                topic: context.config.topics.names.customerOutcomes,
                encode: await outcomeEncoder(context, options.format),
                lagMs: options.labelLag * 1000,
              };
        const sent = await publishEvents(producer, source, {
          topic,
          encode,
          rate: options.rate,
          signal: stop.signal,
          onSent,
          outcomes,
          onDraining: () => progress.update('all events sent, outcomes follow'),
        });
        progress.end();
        say(`${String(sent.events)} events published to ${topic}`);
        if (outcomes !== undefined) say(`${String(sent.outcomes)} outcomes published to ${outcomes.topic}`);
      } catch (error) {
        say(`${String(published)} events were published to ${topic} before this error`);
        throw error;
      } finally {
        await producer.close();
        context.registry?.close();
      }
    });
}

/** Simulated customers, or those of a file, whose header is checked here. */
async function eventsOf(
  file: string | undefined,
  options: ProduceOptions,
  schema: CustomerSchema,
): Promise<Iterable<SourcedEvent> | AsyncIterable<SourcedEvent>> {
  const { allowMissing, badRows, outcomes: needsLabels = false, count, seed } = options;
  if (file === undefined)
    return simulateEvents(count ?? SIMULATED, seed, `sim-${Date.now().toString(36)}-`, driftOf(options));
  return limited(await openEvents(file, { allowMissing, badRows, needsLabels, schema, notice: say }), count);
}

const driftOf = ({ drift, driftOver }: ProduceOptions): StreamDrift | undefined =>
  drift === undefined ? undefined : { name: drift, overEvents: driftOver };

async function* limited(
  events: AsyncIterable<SourcedEvent>,
  count: number | undefined,
): AsyncGenerator<SourcedEvent> {
  let left = count ?? Infinity;
  for await (const event of events) {
    if (left-- <= 0) return;
    yield event;
  }
}
