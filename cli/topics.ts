import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { WantedTopic } from '../kafka/port.ts';
import { createTopics, type TopicReport } from '../kafka/topics.ts';
import type { Config } from '../config.ts';
import { TOPICS, type TopicId } from '../schemas/topics.ts';
import { subjectsOf } from '../service/codecs.ts';
import { openContext, readConfig, say, withConfig, type Context } from './context.ts';
import { print } from './printable.ts';

/** A dead letter is its event and some headers: its topic takes more than the events' topic does. */
const DEAD_LETTER_MAX_BYTES = 2_097_152;

export function topicsCommand(): Command {
  const create = withConfig(new Command('create'))
    .description('create the topics that are missing, register their schemas, tell what differs')
    .action(async (options: { config: string }) => {
      const context = openContext(readConfig(options));
      const reports = await prepareTopics(context);
      for (const report of reports) print(describe(report));
      say(
        `${String(reports.filter(({ created }) => created).length)} of ${String(reports.length)} topics created`,
      );
      context.registry?.close();
    });
  return new Command('topics').description('the topics of the product').addCommand(create);
}

/** Creates topics and registers schemas; changes nothing that exists. */
export async function prepareTopics({ config, kafka, registry }: Context): Promise<TopicReport[]> {
  const reports = await createTopics(kafka, wantedTopics(config), { now: Date.now, sleep });
  if (registry === undefined || !config.registry.autoRegister) return reports;
  for (const { subject, schema, compatibility } of subjectsOf(config).values())
    await registry.schemaId(subject, schema, compatibility);
  return reports;
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
