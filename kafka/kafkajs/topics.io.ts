/** Kafka's administration: topics made, compared, counted, deleted. */
import './patches.io.ts'; // before the library
import kafkajs, { type Admin, type ITopicConfig, type Kafka } from 'kafkajs';
import { BankChurnError } from '../../schemas/errors.ts';

/** Runs something with an admin connection that is closed afterwards. */
export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** A topic as it should be. */
export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** What `createTopics` found or did for one topic. */
export interface TopicReport {
  readonly name: string;
  readonly created: boolean;
  /** Setting → [wanted, actual], for a topic that was there. */
  readonly differences: ReadonlyMap<string, readonly [string, string]>;
}

/** Creates what is missing, changes nothing that exists, tells what differs; returns when each topic has leaders. */
export async function createTopics(kafka: Kafka, wanted: readonly WantedTopic[]): Promise<TopicReport[]> {
  return withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const missing = wanted.filter(({ name }) => !existing.has(name));
    // waitForLeaders throws on a fresh KRaft broker though the topics were created: wait for them ourselves.
    if (missing.length > 0)
      await admin.createTopics({ waitForLeaders: false, topics: missing.map(topicConfig) });
    await waitForLeaders(
      admin,
      wanted.map(({ name }) => name),
    );
    const reports: TopicReport[] = [];
    for (const topic of wanted) {
      const created = !existing.has(topic.name);
      reports.push({
        name: topic.name,
        created,
        differences: created ? new Map() : await differences(admin, topic),
      });
    }
    return reports;
  });
}

function topicConfig({ name, partitions, replicationFactor, settings }: WantedTopic): ITopicConfig {
  const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
  return { topic: name, numPartitions: partitions, replicationFactor, configEntries };
}

async function waitForLeaders(admin: Admin, topics: readonly string[]): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      const { topics: metadata } = await admin.fetchTopicMetadata({ topics: [...topics] });
      if (
        metadata.every((topic) => topic.partitions.length > 0 && topic.partitions.every((p) => p.leader >= 0))
      )
        return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline)
      throw new BankChurnError('BROKER_UNAVAILABLE', 'topics have no leaders after 30 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function differences(
  admin: Admin,
  topic: WantedTopic,
): Promise<Map<string, readonly [string, string]>> {
  const found = new Map<string, readonly [string, string]>();
  const compare = (key: string, wanted: string, actual: string): void => {
    if (wanted !== actual) found.set(key, [wanted, actual]);
  };
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic.name] });
  const partitions = topics[0]?.partitions ?? [];
  compare('partitions', String(topic.partitions), String(partitions.length));
  compare('replication factor', String(topic.replicationFactor), String(partitions[0]?.replicas.length ?? 0));
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [
      { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic.name, configNames: Object.keys(topic.settings) },
    ],
  });
  for (const entry of resources[0]?.configEntries ?? []) {
    const wanted = topic.settings[entry.configName];
    if (wanted !== undefined) compare(entry.configName, wanted, entry.configValue);
  }
  return found;
}

/** Deletes topics and groups (the demo's own, on a cluster that was given). */
export async function deleteTopicsAndGroups(
  kafka: Kafka,
  topics: readonly string[],
  groups: readonly string[],
): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    await admin.deleteGroups([...groups]).catch(() => undefined);
    await admin.deleteTopics({ topics: [...topics] });
  });
}

/** Partition counts of topics; a missing topic has 0. */
export async function partitionCounts(kafka: Kafka, topics: readonly string[]): Promise<Map<string, number>> {
  return withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const present = topics.filter((topic) => existing.has(topic));
    const metadata = present.length === 0 ? [] : (await admin.fetchTopicMetadata({ topics: present })).topics;
    const counts = new Map(metadata.map((topic) => [topic.name, topic.partitions.length]));
    return new Map(topics.map((topic) => [topic, counts.get(topic) ?? 0]));
  });
}
