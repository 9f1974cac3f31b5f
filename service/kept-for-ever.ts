/** Whether the topics of the model log keep what they are given: what was in production when must not expire. */
import { KafkaError } from '../kafka/errors.ts';
import type { KafkaClient } from '../kafka/port.ts';
import { BankChurnError, messageOf } from '../schemas/errors.ts';

/** Settings of a topic that keeps every record. */
const KEPT = { 'retention.ms': '-1', 'retention.bytes': '-1', 'cleanup.policy': 'delete' } as const;

/** Why a topic would lose records, and what corrects it; undefined: it keeps all. A setting that is not told counts as right. */
export function retentionFault(topic: string, settings: ReadonlyMap<string, string>): string | undefined {
  const wrong = Object.entries(KEPT).flatMap(([name, wanted]) => {
    const value = settings.get(name) ?? wanted;
    return value === wanted ? [] : [{ name, wanted, value }];
  });
  if (wrong.length === 0) return undefined;
  const found = wrong.map(({ name, wanted, value }) => `${name} is ${value}, must be ${wanted}`).join(', ');
  const changes = wrong.map(({ name, wanted }) => `${name}=${wanted}`).join(',');
  return (
    `${topic} would lose the history of the models: ${found}. Correct it, then start again: kafka-configs.sh ` +
    `--bootstrap-server BROKERS --alter --entity-type topics --entity-name ${topic} --add-config ${changes}`
  );
}

/**
 * @param onUnchecked told if the settings may not be read: the topics are then taken to be right.
 * @throws BankChurnError TOPIC_MISCONFIGURED
 */
export async function assertKeptForEver(
  kafka: Pick<KafkaClient, 'administer'>,
  topics: readonly string[],
  onUnchecked: (topic: string, fault: string) => void,
): Promise<void> {
  await kafka.administer(async (admin) => {
    for (const topic of topics) {
      let settings: ReadonlyMap<string, string>;
      try {
        settings = await admin.topicSettings(topic, Object.keys(KEPT));
      } catch (error) {
        if (!(error instanceof KafkaError) || error.kind !== 'unauthorized') throw error;
        onUnchecked(topic, messageOf(error));
        continue;
      }
      const fault = retentionFault(topic, settings);
      if (fault !== undefined) throw new BankChurnError('TOPIC_MISCONFIGURED', fault);
    }
  });
}
