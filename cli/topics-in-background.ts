/** Topics made late: the service starts before Kafka is there, and makes its topics when Kafka comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { backOff } from '../schemas/back-off.ts';
import { messageOf } from '../schemas/errors.ts';
import type { Log } from '../service/role-view.ts';
import { openContext } from './context.ts';
import { createAll } from './topics.ts';

const RETRY_MS = { first: 500, longest: 5000 };

/**
 * Creates topics and registers schemas until that has worked once, then never again; changes nothing that exists. Each new
 * reason why it does not work is one line of the log.
 */
export async function createTopicsInBackground(config: Config, log: Log): Promise<void> {
  const context = openContext(config);
  let told: string | undefined;
  for (let failures = 0; ; failures++) {
    const { errors, created } = await tryOnce(context);
    if (errors.length === 0) {
      log.info({ created }, 'the topics are there');
      break;
    }
    const fault = errors.join('; ');
    if (fault !== told) log.warn({ fault }, 'topics and schemas could not all be created, trying again');
    told = fault;
    await sleep(backOff(RETRY_MS, failures), undefined, { ref: false });
  }
  context.registry?.close();
}

async function tryOnce(context: Parameters<typeof createAll>[0]) {
  try {
    const { errors, topics } = await createAll(context);
    return { errors, created: topics.filter(({ created }) => created).map(({ name }) => name) };
  } catch (error) {
    return { errors: [messageOf(error)], created: [] };
  }
}
