/** Topics made, compared, counted, deleted. */
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import { KafkaError } from './errors.ts';
import type { Clock } from '../schemas/ports.ts';
import type { KafkaAdmin, KafkaClient, TopicDescription, WantedTopic } from './port.ts';

/** What `createTopics` found or did for one topic. */
export interface TopicReport {
  readonly name: string;
  readonly created: boolean;
  /** Setting → [wanted, actual], for a topic that was there. */
  readonly differences: ReadonlyMap<string, readonly [string, string]>;
  /** Why it could not be created or looked at; undefined: it could. */
  readonly error: string | undefined;
}

const LEADERS_WAIT_MS = 30_000;
const LEADERS_POLL_MS = 100;

/**
 * Creates what is missing, changes nothing that exists, reports what differs; returns when each topic has leaders. What fails for
 * one topic is in its report, and the others go on.
 *
 * @throws BankChurnError BROKER_UNAVAILABLE if Kafka is away.
 */
export async function createTopics(
  kafka: Pick<KafkaClient, 'administer'>,
  wanted: readonly WantedTopic[],
  clock: Clock,
): Promise<TopicReport[]> {
  return kafka.administer(async (admin) => {
    const existing = new Set(await admin.listTopics());
    const missing = wanted.filter(({ name }) => !existing.has(name));
    const errors = await createMissing(admin, missing);
    const present = wanted.filter(({ name }) => !errors.has(name));
    if (present.length > 0)
      await waitForLeaders(
        admin,
        present.map(({ name }) => name),
        clock,
      );
    const reports: TopicReport[] = [];
    for (const topic of wanted) {
      const error = errors.get(topic.name);
      const created = error === undefined && !existing.has(topic.name);
      const compared =
        error === undefined && !created ? await compare(admin, topic) : { differences: new Map(), error };
      reports.push({ name: topic.name, created, ...compared });
    }
    return reports;
  });
}

/** Creates topics. Returns why, of those that the broker refuses. */
async function createMissing(
  admin: KafkaAdmin,
  missing: readonly WantedTopic[],
): Promise<ReadonlyMap<string, string>> {
  const errors = new Map<string, string>();
  if (missing.length === 0) return errors;
  try {
    await admin.createTopics(missing);
    return errors;
  } catch (error) {
    throwIfAway(error);
  }
  // One of them fails, or each does: asked for one by one, the broker says which, and why.
  for (const topic of missing)
    try {
      await admin.createTopics([topic]);
    } catch (error) {
      throwIfAway(error);
      errors.set(topic.name, messageOf(error));
    }
  return errors;
}

function throwIfAway(error: unknown): void {
  if (error instanceof BankChurnError && error.code === 'BROKER_UNAVAILABLE') throw error;
}

async function waitForLeaders(admin: KafkaAdmin, topics: readonly string[], clock: Clock): Promise<void> {
  const deadline = clock.now() + LEADERS_WAIT_MS;
  for (;;) {
    try {
      const found = await admin.describeTopics(topics);
      if (found.every(({ hasLeaders }) => hasLeaders)) return;
    } catch (error) {
      if (clock.now() > deadline) throw error;
    }
    if (clock.now() > deadline)
      throw new BankChurnError('BROKER_UNAVAILABLE', 'topics have no leaders after 30 s');
    await clock.sleep(LEADERS_POLL_MS);
  }
}

async function compare(
  admin: KafkaAdmin,
  wanted: WantedTopic,
): Promise<Pick<TopicReport, 'differences' | 'error'>> {
  try {
    const [found] = await admin.describeTopics([wanted.name]);
    const settings = await admin.topicSettings(wanted.name, Object.keys(wanted.settings));
    return { differences: differences(wanted, found, settings), error: undefined };
  } catch (error) {
    throwIfAway(error);
    return { differences: new Map(), error: `it exists, and cannot be looked at: ${messageOf(error)}` };
  }
}

/** Setting → [wanted, actual] of each that differs. */
function differences(
  wanted: WantedTopic,
  found: TopicDescription | undefined,
  settings: ReadonlyMap<string, string>,
): Map<string, readonly [string, string]> {
  const pairs: [string, string, string][] = [
    ['partitions', String(wanted.partitions), String(found?.partitions ?? 0)],
    ['replication factor', String(wanted.replicationFactor), String(found?.replicationFactor ?? 0)],
    ...[...settings].map(([name, actual]): [string, string, string] => [
      name,
      wanted.settings[name] ?? actual,
      actual,
    ]),
  ];
  return new Map(
    pairs.filter(([, want, actual]) => want !== actual).map(([name, want, actual]) => [name, [want, actual]]),
  );
}

/** Deletes topics and groups (the demo's own, on a cluster that was given). */
export async function deleteTopicsAndGroups(
  kafka: Pick<KafkaClient, 'administer'>,
  topics: readonly string[],
  groups: readonly string[],
): Promise<void> {
  await kafka.administer(async (admin) => {
    await admin.deleteGroups(groups).catch(() => undefined);
    await admin.deleteTopics(topics);
  });
}

/**
 * Partition counts of topics; a missing topic has 0.
 *
 * @throws KafkaError `unauthorized` if one of them may not be described: whether it exists is not known then.
 */
export async function partitionCounts(
  kafka: Pick<KafkaClient, 'administer'>,
  topics: readonly string[],
): Promise<Map<string, number>> {
  const states = await kafka.administer((admin) => admin.topicStates(topics));
  const forbidden = topics.filter((topic) => states.get(topic) === 'forbidden');
  if (forbidden.length > 0) throw new KafkaError('unauthorized', noRightToDescribe(forbidden));
  return new Map([...states].map(([topic, state]) => [topic, typeof state === 'number' ? state : 0]));
}

export const noRightToDescribe = (topics: readonly string[]): string =>
  `no right to DESCRIBE topic ${topics.join(', ')}: whether it exists is not known (TOPIC_AUTHORIZATION_FAILED)`;
