/** Records of our own topics that cannot be read: counted, shown, skipped. */
import type { BankChurnError, ErrorCode } from '../schemas/errors.ts';
import { createPace } from '../schemas/pace.ts';
import type { RoleView } from './role-view.ts';

/** Takes a record that is skipped; `offset`: in its topic, if it is a single one. */
export type OnSkipped = (offset: number | undefined, error: BankChurnError) => void;

/** Lines about skipped records of one topic are at least so far apart, milliseconds. */
const LINE_MS = 2000;
/** What a record of our own topics can have. */
const CODES = ['RECORD_EMPTY', 'RECORD_UNDECODABLE', 'RECORD_INVALID', 'SCHEMA_UNKNOWN', 'SCHEMA_FOREIGN'] as const satisfies readonly ErrorCode[]; // prettier-ignore

/** Counts and shows what is skipped of a topic. */
export function createSkips(
  { metrics, log }: Pick<RoleView, 'metrics' | 'log'>,
  topic: string,
  now: () => number,
): OnSkipped {
  const pace = createPace(LINE_MS);
  for (const code of CODES) metrics.recordsSkipped.inc({ topic, code }, 0);
  return (offset, { code, message }) => {
    metrics.recordsSkipped.inc({ topic, code });
    const unsaid = pace.next(now());
    if (unsaid === undefined) return;
    const more = unsaid === 0 ? {} : { skippedBefore: unsaid };
    log.error({ topic, offset, code, fault: message, ...more }, 'record skipped: it cannot be read');
  };
}
