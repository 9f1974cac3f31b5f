/** Kafka's administration. */
import type { Admin, Kafka } from 'kafkajs';
import { kafkajs } from './patches/install.io.ts';
import { readNote } from '../offset-note.ts';
import type { CommittedOffset, KafkaAdmin } from '../port.ts';
import { topicIdOf } from './patches/topic-id.io.ts';
import { topicStatesOf } from './patches/topic-states.io.ts';
import { throwNeeding, throwTranslated, translated, type Needs } from './translate-errors.ts';

/** Runs something with an admin connection that is closed afterwards. */
export async function administer<T>(kafka: Kafka, work: (admin: KafkaAdmin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect().catch(throwTranslated);
  try {
    return await work(adminOf(admin));
  } finally {
    await admin.disconnect().catch(throwTranslated);
  }
}

/** The port over a connection that the caller opens and closes. */
export function adminOf(admin: Admin): KafkaAdmin {
  return {
    listTopics: () => admin.listTopics().catch(throwTranslated),
    createTopics: (wanted) =>
      translated(
        async () => {
          const topics = wanted.map(({ name, partitions, replicationFactor, settings }) => ({
            topic: name,
            numPartitions: partitions,
            replicationFactor,
            configEntries: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
          }));
          // waitForLeaders throws on a fresh KRaft broker though the topics were created.
          await admin.createTopics({ waitForLeaders: false, topics });
        },
        creating(wanted.map(({ name }) => name)),
      ),
    topicStates: (names) => translated(() => topicStatesOf(admin, names), describing(names)),
    describeTopics: (names) =>
      translated(async () => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [...names] });
        return topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.length,
          replicationFactor: partitions[0]?.replicas.length ?? 0,
          hasLeaders: partitions.length > 0 && partitions.every(({ leader }) => leader >= 0),
        }));
      }, describing(names)),
    topicSettings: (topic, names) =>
      translated(
        async () => {
          const of = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [...names] };
          const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [of] });
          const entries = resources[0]?.configEntries ?? [];
          return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
        },
        { topic: `DESCRIBE_CONFIGS topic ${topic}` },
      ),
    deleteTopics: (names) =>
      admin
        .deleteTopics({ topics: [...names] })
        .catch(throwNeeding({ topic: `DELETE topic ${names.join(', ')}` })),
    deleteGroups: (ids) =>
      translated(
        async () => {
          await admin.deleteGroups([...ids]);
        },
        { group: `DELETE group ${ids.join(', ')}` },
      ),
    topicId: (topic) => translated(() => topicIdOf(admin, topic), describing([topic])),
    groupMembers: (groupId) =>
      translated(async () => (await admin.describeGroups([groupId])).groups[0]?.members.length ?? 0, {
        group: `DESCRIBE group ${groupId}`,
      }),
    ...offsetsOf(admin),
  };
}

function offsetsOf(admin: Admin): Pick<KafkaAdmin, 'offsetBounds' | 'offsetsSince' | 'committedOffsets'> {
  return {
    offsetBounds: (topic) =>
      translated(
        async () =>
          (await admin.fetchTopicOffsets(topic))
            .map(({ partition, low, high }) => ({ partition, from: Number(low), to: Number(high) }))
            .sort((a, b) => a.partition - b.partition),
        describing([topic]),
      ),
    offsetsSince: (topic, timestampMs) =>
      translated(
        async () => known(await admin.fetchTopicOffsetsByTimestamp(topic, timestampMs)),
        describing([topic]),
      ),
    committedOffsets: (groupId, topic) =>
      translated(
        async () => {
          const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
          const found = (group?.partitions ?? []).map(
            ({ partition, offset, metadata }) =>
              [partition, { offset: Number(offset), ...readNote(metadata) }] as const,
          );
          return new Map<number, CommittedOffset>(found.filter(([, { offset }]) => offset >= 0));
        },
        { ...describing([topic]), group: `READ group ${groupId}` },
      ),
  };
}

const describing = (topics: readonly string[]): Needs => ({ topic: `DESCRIBE topic ${topics.join(', ')}` });
const creating = (topics: readonly string[]): Needs => ({
  topic: `CREATE topic ${topics.join(', ')}`,
  cluster: `CREATE topic ${topics.join(', ')}`,
});

/** -1 stands for none. */
const known = (
  offsets: readonly { readonly partition: number; readonly offset: string }[],
): Map<number, number> =>
  new Map(
    offsets
      .map(({ partition, offset }) => [partition, Number(offset)] as const)
      .filter(([, offset]) => offset >= 0),
  );
