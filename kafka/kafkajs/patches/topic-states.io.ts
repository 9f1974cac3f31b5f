/**
 * What the broker says of each topic by name. The library's own answer is the first error of any of them, without the topic's name; a
 * list of all topics leaves out those that may not be described.
 */
import { createRequire } from 'node:module';
import type { Admin } from 'kafkajs';
import type { TopicState } from '../../port.ts';
import { brokerOf } from './topic-id.io.ts';

const require = createRequire(import.meta.url);

interface Answer {
  readonly topicMetadata: readonly {
    readonly topicErrorCode: number;
    readonly topic: string;
    readonly partitionMetadata: readonly unknown[];
  }[];
}
interface Request {
  readonly request: object;
  readonly response: { decode(bytes: Buffer): Promise<Answer>; parse(answer: Answer): Promise<Answer> };
}
type Make = (wanted: {
  readonly topics: readonly string[];
  readonly allowAutoTopicCreation: boolean;
}) => Request;
interface Definition {
  readonly versions: readonly string[];
  protocol(of: { readonly version: number }): Make;
}

const METADATA = 3;
const UNKNOWN_TOPIC = 3;
const UNAUTHORIZED = 29;
const metadata = require('kafkajs/src/protocol/requests/metadata/index.js') as Definition;
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode: (code: number) => Error;
};

export async function topicStatesOf(
  admin: Admin,
  topics: readonly string[],
): Promise<Map<string, TopicState>> {
  const broker = await brokerOf<Make, Answer>(admin);
  const { request, response } = broker.lookupRequest(
    METADATA,
    metadata,
  )({ topics, allowAutoTopicCreation: false });
  const { decode } = response;
  const asItCame = { decode, parse: (answer: Answer) => Promise.resolve(answer) };
  const answer = await broker.connectionPool.send({ request, response: asItCame });
  const found = new Map(answer.topicMetadata.map((topic) => [topic.topic, topic]));
  return new Map(topics.map((name) => [name, stateOf(found.get(name))]));
}

function stateOf(topic: Answer['topicMetadata'][number] | undefined): TopicState {
  const code = topic?.topicErrorCode ?? UNKNOWN_TOPIC;
  if (code === 0) return topic!.partitionMetadata.length;
  if (code === UNKNOWN_TOPIC) return 'missing';
  if (code === UNAUTHORIZED) return 'forbidden';
  throw createErrorFromCode(code);
}
