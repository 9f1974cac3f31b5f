import type { EncodeEvent } from '../producers/publish.io.ts';
import type { CustomerOutcome } from '../schemas/generated.ts';
import { topicEncoder } from '../service/codecs.ts';
import { checkEventSubject } from '../service/event-subject.ts';
import type { Context } from './context.ts';

export type EventFormat = 'avro' | 'json';

/** The encoder of events: Avro where there is a registry, unless JSON is asked for. Rejects as `checkEventSubject`. */
export async function eventEncoder(context: Context, format: EventFormat | undefined): Promise<EncodeEvent> {
  if (format !== 'json') await checkEventSubject(context.config, context.registry);
  return encoderOf(context, 'customerEvents', format);
}

/** The encoder of outcomes, likewise. */
export const outcomeEncoder = (
  context: Context,
  format: EventFormat | undefined,
): Promise<(outcome: CustomerOutcome) => Buffer | string> => encoderOf(context, 'customerOutcomes', format);

async function encoderOf(
  { config, registry }: Context,
  topic: 'customerEvents' | 'customerOutcomes',
  format: EventFormat | undefined,
): Promise<(value: object) => Buffer | string> {
  if (format === 'avro' && registry === undefined)
    throw new Error('Avro needs a schema registry: set SCHEMA_REGISTRY_URL, or use --format json');
  return topicEncoder(config, format === 'json' ? undefined : registry, topic);
}
