import type { SchemaName } from './generated.ts';

/** How subjects of the registry are named. */
export type SubjectStrategy = 'topic' | 'record' | 'topic-record';

/** The subject of a record type on a topic. */
export function subjectName(strategy: SubjectStrategy, topic: string, name: SchemaName): string {
  if (strategy === 'topic') return `${topic}-value`;
  return strategy === 'record' ? `bankchurn.${name}` : `${topic}-bankchurn.${name}`;
}
