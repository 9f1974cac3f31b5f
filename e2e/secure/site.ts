/** A deployment on the secured broker: topics below a prefix, made by the super user, and the environment of each user. */
import { openContext, packageRoot, readConfig, type Context } from '../../cli/context.ts';
import { prepareTopics } from '../../cli/topics.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SecureBroker } from './secure-broker.ts';

export interface Site {
  /** Everything is allowed to it. */
  readonly context: Context;
  /** Environment of a service or command that logs in by SCRAM. */
  env(user: string): Record<string, string>;
}

/** @param env of everybody at this site. */
export async function openSite(
  broker: SecureBroker,
  prefix: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const shared = { TOPIC_PREFIX: prefix, LOG_LEVEL: 'INFO', SCHEMA_REGISTRY_URL: '', ...env };
  const config = readConfig(
    { config: `${packageRoot()}/configs/config.yaml` },
    { ...shared, KAFKA_BROKERS: broker.superUser },
  );
  const context = openContext({ ...config, topics: { ...config.topics, partitions: 2 } });
  await prepareTopics(context);
  await coordinatorReady(context);
  return {
    context,
    env: (user) => ({
      ...shared,
      KAFKA_BROKERS: broker.listeners.sasl,
      KAFKA_SASL_MECHANISM: 'scram-sha-256',
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD_FILE: broker.passwordFile(user),
    }),
  };
}

/** The first group of a new broker makes it create and load its topic of offsets. */
async function coordinatorReady({ kafka, config }: Context): Promise<void> {
  for (let tries = 50; ; tries--) {
    try {
      await kafka.administer((admin) => admin.committedOffsets('first', config.topics.names.churnModels));
      return;
    } catch (error) {
      if (tries === 0) throw error;
      await sleep(200);
    }
  }
}
