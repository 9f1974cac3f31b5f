import type { Logger } from 'pino';
import type { Metrics } from './metrics.io.ts';
import { MAX_NAMES, OTHER, similarField } from '../schemas/fields.ts';
import type { Decision } from '../schemas/ports.ts';

/**
 * Counts the fields of events that nobody reads, by name, and names each once in the log. Bounded for the whole process.
 *
 * @param fields the names of those that are read.
 */
export function createUnknownFields(
  metrics: Pick<Metrics, 'unknownFields'>,
  log: Pick<Logger, 'warn'>,
  fields: readonly string[],
): (decision: Pick<Decision, 'unknownFields'>) => void {
  const names = new Set<string>();
  return ({ unknownFields = new Map<string, number>() }) => {
    for (const [name, count] of unknownFields) {
      const field = names.has(name) || names.size < MAX_NAMES ? name : OTHER;
      metrics.unknownFields.inc({ field }, count);
      if (names.has(field)) continue;
      names.add(field);
      const similar = similarField(field, fields);
      const hint = similar === undefined ? '' : `: is it ${similar}?`;
      log.warn({ field }, `events have a field that is not read${hint}`);
    }
  };
}
