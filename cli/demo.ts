import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { deleteTopicsAndGroups } from '../kafka/topics.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { readScore } from './consume.ts';
import { createProgress, openContext, readConfig, say, withConfig, type Context } from './context.ts';
import { subjectsOf } from '../service/codecs.ts';
import { groupsOf, type RoleName } from '../service/role-topics.ts';
import { driftPart, watchDrift } from './demo-drift.ts';
import { holdoutOf } from './demo-holdout.io.ts';
import { baseSet, placesOf, readModel } from './demo-model.io.ts';
import { createTally, printSummary, type Tally } from './demo-tally.ts';
import { startEmbedded } from './embedded/embedded.io.ts';
import { openSources, type DemoInput, type Sources } from './demo-sources.io.ts';
import { DRIFT_HELP, driftOption } from './drift-option.ts';
import { withEventFile } from './event-file.io.ts';
import { positiveInteger } from './options.ts';
import { eventEncoder } from './encoders.ts';
import { publishEvents } from '../producers/publish.io.ts';
import { startService, type ServiceProcess } from './service-process.io.ts';
import { prepareTopics } from './topics.ts';
import { print } from './printable.ts';

interface DemoOptions extends DemoInput {
  readonly config: string;
}

/** The last events come at this rate: what a score takes when nothing queues. */
const CALM_RATE = 500;
/** A demo has no days and nights: it asks for a new model after some thousands of events. */
const SHORT_WINDOW = { DRIFT_REQUEST_EVENTS: process.env['DRIFT_REQUEST_EVENTS'] ?? '4000' };
/** Of the trainer: it looks for labels soon, and judges on so many customers that more than 5,000 are labelled in all. */
const PATIENCE = {
  TRAINING_RETRY_MS: process.env['TRAINING_RETRY_MS'] || '2000',
  TRAINING_MIN_RECENT_LABELS: process.env['TRAINING_MIN_RECENT_LABELS'] || '1500',
};
/** Without a new score for this long the demo gives up, milliseconds. */
const STUCK_MS = 60_000;
const WITHOUT_BASE =
  '. A model that was trained on these customers knows them better than a challenger that was not: name its data set in TRAINING_BASE_CSV';
const HELP = `${DRIFT_HELP}

Examples (the variables EVENTS, DEMO_EVENTS and DEMO_DRIFT are --events, --count and --drift):
  make demo                                                 simulated customers
  EVENTS=customers.csv make demo                            each row is scored once
  EVENTS=customers.csv DEMO_EVENTS=30000 make demo          so many rows, drawn with replacement; then they drift
  EVENTS=customers.csv DEMO_EVENTS=30000 DEMO_DRIFT='tenure+20;balance*1.5' make demo
  CUSTOMER_SCHEMA=customer.yaml EVENTS=customers.csv make demo    other columns than the bank's`;

export function demoCommand(): Command {
  return withEventFile(withConfig(new Command('demo')))
    .description(
      'the whole product on this machine: broker, registry, events, scores, drift, retraining, swap; leaves nothing',
    )
    .addOption(
      withVariable(new Option('--events <file>', 'customer events of a file, not simulated'), 'EVENTS'),
    )
    .addOption(
      withVariable(
        new Option(
          '--count <n>',
          'events; of a file, so many rows are drawn with replacement (default: each row once, 20000 simulated)',
        ).argParser(positiveInteger),
        'DEMO_EVENTS',
      ),
    )
    .addOption(withVariable(driftOption(), 'DEMO_DRIFT'))
    .addHelpText('after', HELP)
    .action(async (options: DemoOptions) => {
      const cleanUp: (() => Promise<unknown>)[] = [];
      const interrupted = new Promise<never>((_, reject) => {
        const stop = (): void => reject(new Error('interrupted'));
        process.once('SIGINT', stop).once('SIGTERM', stop);
      });
      try {
        await Promise.race([runDemo(options, cleanUp), interrupted]);
      } finally {
        for (const undo of cleanUp.reverse())
          await undo().catch((error: unknown) => say(`cleaning up: ${String(error)}`));
      }
    });
}

/** An option that a variable sets; an empty variable counts as not set. */
const withVariable = (option: Option, name: string): Option =>
  process.env[name] ? option.env(name) : option;

async function runDemo(options: DemoOptions, cleanUp: (() => Promise<unknown>)[]): Promise<void> {
  const own = readConfig(options);
  const release = await readModel(own);
  const source = await openSources(options, own.customer, release);
  const base = await baseSet(options.events, release);
  const env = { ...SHORT_WINDOW, ...PATIENCE, ...(await cluster(cleanUp)), ...placesOf(own), ...base };
  const config = readConfig(options, { ...process.env, ...env });
  const context = openContext(config);
  cleanUp.push(() => Promise.resolve(context.registry?.close()));
  if (config.topics.prefix !== '') cleanUp.push(() => removeTraces(context));
  await prepareTopics(context);
  const [service] = await startRoles(env, resolve(options.config), cleanUp);
  const { manifest } = release;
  say(
    `scorer, monitor and trainer run, each a process of its own; model ${manifest.version}, health on http://localhost:${String(service.port)}/health`,
  );
  const tally = createTally();
  await streamThrough(source, context, service, tally, cleanUp);
  const { split, dataset } = manifest.training;
  const holdout = await holdoutOf(
    options.events,
    config.customer,
    options.badRows,
    split.name,
    dataset.sha256,
  );
  const isComplete = printSummary(tally, holdout, print);
  if (!isComplete) throw new Error('events and scores do not match');
  if (source.drift === undefined) return;
  const watch = await watchDrift(context);
  cleanUp.push(() => watch.close());
  if (!(await driftPart(context, source.drift, watch, tally, () => allScored(tally, service), print)))
    throw new Error(
      'drift should have led to one retrain event, a better model and a calm stream, and nothing before it to any' +
        (options.events === undefined || config.training.baseCsv !== null ? '' : WITHOUT_BASE),
    );
}

/** A process for each role; the scorer first. */
async function startRoles(
  env: Readonly<Record<string, string>>,
  configFile: string,
  cleanUp: (() => Promise<unknown>)[],
): Promise<[ServiceProcess, ...ServiceProcess[]]> {
  const start = async (role: RoleName): Promise<ServiceProcess> => {
    const service = await startService(env, [role], configFile);
    cleanUp.push(() => service.stop());
    return service;
  };
  const [scorer, ...others] = await Promise.all([start('scorer'), start('monitor'), start('trainer')]);
  return [scorer, ...others];
}

/** Environment of the cluster to use: the given one under a prefix of our own, or an embedded one. */
async function cluster(cleanUp: (() => Promise<unknown>)[]): Promise<Record<string, string>> {
  const group = 'bankchurn-demo';
  if (process.env['KAFKA_BROKERS']) {
    const prefix = `demo-${randomBytes(4).toString('hex')}.`;
    say(`using the Kafka of KAFKA_BROKERS, topics and group under ${prefix}`);
    return { TOPIC_PREFIX: prefix, GROUP_ID: group };
  }
  const embedded = await startEmbedded({ onProgress: say });
  cleanUp.push(() => embedded.stop());
  return {
    KAFKA_BROKERS: embedded.brokers,
    SCHEMA_REGISTRY_URL: embedded.registryUrl ?? '',
    TOPIC_PREFIX: '',
    GROUP_ID: group,
  };
}

async function removeTraces({ config, kafka, registry }: Context): Promise<void> {
  await deleteTopicsAndGroups(kafka, Object.values(config.topics.names), Object.values(groupsOf(config)));
  for (const { subject } of registry === undefined ? [] : subjectsOf(config).values())
    await registry?.deleteSubject(subject);
}

async function streamThrough(
  { burst, calm, damaged }: Sources,
  context: Context,
  service: ServiceProcess,
  tally: Tally,
  cleanUp: (() => Promise<unknown>)[],
): Promise<void> {
  const { config, kafka, registry } = context;
  const { names } = config.topics;
  const readerOptions = { fromBeginning: true };
  const reader = await kafka.openReader(
    [names.churnScores, names.deadLetters],
    readerOptions,
    async (topic, _, record: SourceRecord) => {
      if (topic === names.deadLetters) tally.deadLetter(record);
      else tally.score(await readScore(record, registry));
    },
  );
  cleanUp.push(() => reader.close());
  const producer = await kafka.openProducer();
  cleanUp.push(() => producer.close());
  const progress = createProgress();
  const show = (): void =>
    progress.update(
      `events in ${String(tally.sent())}   scores out ${String(tally.scores())}   dead letters ${String(tally.deadLetters())}`,
    );
  const ticking = setInterval(show, 200);
  try {
    const encode = await eventEncoder(context, undefined);
    const publish = { topic: names.customerEvents, encode, onEvent: tally.event };
    tally.begin();
    await publishEvents(producer, burst, publish);
    if (damaged.length > 0) {
      await producer.send(
        names.customerEvents,
        damaged.map((value, i) => ({ key: `damaged-${String(i)}`, value })),
      );
      tally.damaged(damaged.length);
    }
    await allScored(tally, service);
    tally.calm();
    await publishEvents(producer, calm, { ...publish, rate: CALM_RATE });
    await allScored(tally, service);
  } finally {
    clearInterval(ticking);
    progress.end();
  }
}

async function allScored(tally: Tally, service: ServiceProcess): Promise<void> {
  const watched = { ended: false };
  void service.exited.then(() => (watched.ended = true));
  let [seen, since] = [-1, Date.now()];
  while (tally.scores() < tally.sent() || tally.deadLetters() < tally.damagedSent()) {
    const now = tally.scores() + tally.deadLetters();
    if (now !== seen) [seen, since] = [now, Date.now()];
    const fault = watched.ended
      ? 'the scorer ended'
      : Date.now() - since > STUCK_MS
        ? `no score for ${String(STUCK_MS / 1000)} s`
        : undefined;
    if (fault !== undefined) throw new Error(`${fault}; its last lines:\n  ${service.tail()}`);
    await sleep(20);
  }
}
