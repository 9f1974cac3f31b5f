import type { AvroRecord } from './avro-schema.ts';
import { customerEventAvro } from './customer/avro.ts';
import type { CustomerSchema } from './customer/schema.ts';
import { SCHEMAS, type SchemaName } from './generated.ts';
import { TOPICS, type TopicId, type TopicNames } from './topics.ts';

/** How subjects of the registry are named. */
export type SubjectStrategy = 'topic' | 'record' | 'topic-record';

/** The subject of a topic, and what is registered under it. */
export interface TopicSubject {
  readonly subject: string;
  readonly schema: AvroRecord;
  readonly compatibility: 'FULL_TRANSITIVE' | 'BACKWARD_TRANSITIVE';
}

function subjectName(strategy: SubjectStrategy, topic: string, name: string): string {
  if (strategy === 'topic') return `${topic}-value`;
  return strategy === 'record' ? `bankchurn.${name}` : `${topic}-bankchurn.${name}`;
}

/** The subject of each topic that has a schema, in a deployment with these names. */
export function topicSubjects(
  strategy: SubjectStrategy,
  names: TopicNames,
  customer: CustomerSchema,
): ReadonlyMap<TopicId, TopicSubject> {
  const subjects = new Map<TopicId, TopicSubject>();
  for (const [id, { schema, compatibility }] of Object.entries(TOPICS)) {
    if (schema === null || compatibility === null) continue;
    const subject = subjectName(strategy, names[id as TopicId], schema);
    const avro = id === 'customerEvents' ? customerEventAvro(customer) : SCHEMAS[schema as SchemaName];
    subjects.set(id as TopicId, { subject, schema: avro, compatibility });
  }
  return subjects;
}
