import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { WantedTopic } from '../kafka/port.ts';
import { createTopics, type TopicReport } from '../kafka/topics.ts';
import type { Config } from '../config.ts';
import { isTransient, messageOf } from '../schemas/errors.ts';
import { TOPICS, type TopicId } from '../schemas/topics.ts';
import { subjectsOf } from '../service/codecs.ts';
import { checkEventSubject } from '../service/event-subject.ts';
import { openContext, readConfig, say, withConfig, type Context } from './context.ts';
import { print } from './printable.ts';

/** A dead letter is its event and some headers: its topic takes more than the events' topic does. */
const DEAD_LETTER_MAX_BYTES = 2_097_152;

export function topicsCommand(): Command {
  const create = withConfig(new Command('create'))
    .description('create the topics that are missing, register their schemas, report what differs')
    .action(async (options: { config: string }) => {
      const context = openContext(readConfig(options));
      const { topics, errors } = await createAll(context);
      for (const report of topics) if (report.error === undefined) print(describe(report));
      const created = topics.filter((report) => report.created).length;
      if (topics.length > 0) say(`${String(created)} of ${String(topics.length)} topics created`);
      context.registry?.close();
      if (errors.length > 0) throw new Error(errors.join('\n'));
    });
  return new Command('topics').description('the topics of the product').addCommand(create);
}

/** What could be made, and why the rest could not: a line for each topic and subject. */
export interface Prepared {
  readonly topics: readonly TopicReport[];
  readonly errors: readonly string[];
}

/**
 * Creates topics and registers schemas; changes nothing that exists. What fails for one does not keep the others, but nothing
 * is created for a customer schema that the registry's earlier ones do not get on with.
 */
export async function createAll(context: Context): Promise<Prepared> {
  const { config, kafka, registry } = context;
  try {
    await checkEventSubject(config, registry);
  } catch (error) {
    if (!isTransient(error)) return { topics: [], errors: [messageOf(error)] };
  }
  const topics = await createTopics(kafka, wantedTopics(config), { now: Date.now, sleep });
  const errors = topics.flatMap(({ name, error }) =>
    error === undefined ? [] : [`topic ${name}: ${error}`],
  );
  return { topics, errors: [...errors, ...(await registerSchemas(context))] };
}

/** The same for callers that need all of it. Throws if anything failed. */
export async function prepareTopics(context: Context): Promise<void> {
  const { errors } = await createAll(context);
  if (errors.length > 0) throw new Error(errors.join('\n'));
}

/** Registers the schemas, if that is allowed. Returns what failed. */
async function registerSchemas({ config, registry }: Context): Promise<string[]> {
  if (registry === undefined || !config.registry.autoRegister) return [];
  const errors: string[] = [];
  for (const { subject, schema, compatibility } of subjectsOf(config).values())
    try {
      await registry.schemaId(subject, schema, compatibility);
    } catch (error) {
      errors.push(`subject ${subject}: ${messageOf(error)}`);
      if (isTransient(error)) break; // the same for all
    }
  return errors;
}

function wantedTopics({ topics }: Config): WantedTopic[] {
  return (Object.keys(TOPICS) as TopicId[]).map((id) => ({
    name: topics.names[id],
    partitions: TOPICS[id].partitions === 1 ? 1 : topics.partitions,
    replicationFactor: topics.replicationFactor,
    settings: {
      'min.insync.replicas': String(topics.minInsyncReplicas),
      'retention.ms': TOPICS[id].keptForEver ? '-1' : String(topics.retentionMs),
      ...(TOPICS[id].keptForEver ? { 'retention.bytes': '-1' } : {}),
      'cleanup.policy': 'delete',
      ...(id === 'deadLetters' ? { 'max.message.bytes': String(DEAD_LETTER_MAX_BYTES) } : {}),
    },
  }));
}

function describe({ name, created, differences }: TopicReport): string {
  if (created) return `${name}: created`;
  if (differences.size === 0) return `${name}: exists, as wanted`;
  const parts = [...differences].map(([key, [wanted, actual]]) => `${key} is ${actual}, wanted ${wanted}`);
  return `${name}: exists, differs: ${parts.join('; ')}`;
}
