import { Command, Option } from 'commander';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { createProgress, openContext, readConfig, say, withConfig } from './context.ts';
import { DRIFT_HELP, driftOption, readDrift } from './drift-option.ts';
import { isCsvFile, openEvents, withEventFile, type ReadingOptions } from './event-file.io.ts';
import { drawNow, drifting, firstOf, readRows, simulateNow } from './event-source.io.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';
import { positiveInteger, positiveNumber, wholeNumber } from './options.ts';
import { eventEncoder, outcomeEncoder, type EventFormat } from './encoders.ts';
import { publishEvents } from '../producers/publish.io.ts';

interface ProduceOptions extends ReadingOptions {
  readonly config: string;
  readonly count?: number;
  readonly rate?: number;
  readonly seed: number;
  readonly drift?: readonly string[];
  readonly driftOver: number;
  readonly outcomes?: true;
  readonly labelLag: number;
  readonly format?: EventFormat;
}

const SIMULATED = 1000;
const EXAMPLES = `${DRIFT_HELP}

Examples:
  bankchurn produce --count 20000 --rate 1000 --drift new-product --outcomes
  bankchurn produce customers.csv                        each row once
  bankchurn produce customers.csv --count 100000 --outcomes --drift 'tenure+20' --drift-over 50000`;

export function produceCommand(): Command {
  return withEventFile(withConfig(new Command('produce')))
    .description('publish customer events: of a CSV (the data set’s columns), of JSON lines, or simulated')
    .argument(
      '[file]',
      'customers.csv, events.jsonl, or - for JSON lines on standard input; without it: simulated customers',
    )
    .option(
      '--count <n>',
      'events; of a CSV, so many rows are drawn with replacement, and of JSON lines the first are taken (default: each row once, 1000 simulated)',
      positiveInteger,
    )
    .option('--rate <n>', 'events a second', positiveNumber)
    .addOption(driftOption())
    .option('--drift-over <n>', 'events over which the drift comes; 0 = at once', wholeNumber, 0)
    .option('--outcomes', 'publish also whether the customers left, where the source knows it')
    .option('--label-lag <seconds>', 'from an event to its outcome', positiveNumber, 5)
    .option('--seed <n>', 'of the simulator and of drawing rows', positiveInteger, 1)
    .addOption(
      new Option('--format <format>', 'default: avro where a schema registry is configured').choices([
        'avro',
        'json',
      ]),
    )
    .addHelpText('after', EXAMPLES)
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

/** Simulated customers, or those of a file, whose header is checked here; with the drift that is asked for. */
async function eventsOf(
  file: string | undefined,
  options: ProduceOptions,
  schema: CustomerSchema,
): Promise<AsyncIterable<SourcedEvent>> {
  const drift = options.drift && readDrift(options.drift, schema, file === undefined);
  return drifting(await calmEvents(file, options, schema), drift, options.driftOver, options.seed);
}

async function calmEvents(
  file: string | undefined,
  { allowMissing, badRows, outcomes, count, seed }: ProduceOptions,
  schema: CustomerSchema,
): Promise<Iterable<SourcedEvent> | AsyncIterable<SourcedEvent>> {
  const run = Date.now().toString(36);
  if (file === undefined)
    return simulateNow(schema, count ?? SIMULATED, seed, `sim-${run}-`, 'name a file: bankchurn produce customers.csv --count 20000'); // prettier-ignore
  const needsLabels = outcomes === true;
  const events = await openEvents(file, { allowMissing, badRows, needsLabels, schema, notice: say });
  if (count === undefined) return events;
  if (!isCsvFile(file)) return firstOf(events, count);
  const rows = await readRows(events, file);
  say(
    `${String(count)} events are drawn with replacement (seed ${String(seed)}) from ${String(rows.length)} rows`,
  );
  return drawNow(rows, count, seed, `draw-${run}-`);
}
