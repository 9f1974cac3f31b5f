/** Requests that any broker answers: where topics and coordinators are. */
import { requestOf, type WireRequest } from './request.ts';

/** Where a broker takes connections. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface PartitionLeader {
  readonly partition: number;
  /** -1: none at the moment. */
  readonly nodeId: number;
}

export interface TopicLeaders {
  readonly topic: string;
  /** 0: it exists, and we may see it. */
  readonly code: number;
  readonly partitions: readonly PartitionLeader[];
}

export interface Metadata {
  readonly brokers: ReadonlyMap<number, Address>;
  readonly topics: readonly TopicLeaders[];
}

/** Version 6 (Kafka 2.1). Asks for these topics alone, and creates none. */
export const metadataRequest = (topics: readonly string[]): WireRequest<Metadata> =>
  requestOf(
    { apiName: 'Metadata', apiKey: 3, apiVersion: 6 },
    (into) => into.array(topics, into.text).int8(0),
    (answer) => {
      const brokers = answer.array(() => {
        const nodeId = answer.int32();
        const address = { host: answer.text() ?? '', port: answer.int32() };
        answer.text(); // its rack
        return [nodeId, address] as const;
      });
      answer.text(); // the cluster
      answer.int32(); // its controller
      const found = answer.array(() => {
        const code = answer.int16();
        const topic = answer.text() ?? '';
        answer.int8(); // whether it is one of Kafka's own
        const partitions = answer.array(() => {
          answer.int16(); // an error: without a leader there is one, and the leader is -1
          const leader = { partition: answer.int32(), nodeId: answer.int32() };
          for (let lists = 0; lists < 3; lists++) answer.array(answer.int32); // replicas: all, in sync, offline
          return leader;
        });
        return { topic, code, partitions };
      });
      return { brokers: new Map(brokers), topics: found };
    },
  );

export const COORDINATORS = { group: 0, transaction: 1 } as const;
export type CoordinatorKind = keyof typeof COORDINATORS;

/** Version 2 (Kafka 2.0). */
export const findCoordinatorRequest = (
  kind: CoordinatorKind,
  key: string,
): WireRequest<Address & { readonly code: number }> =>
  requestOf(
    { apiName: 'FindCoordinator', apiKey: 10, apiVersion: 2 },
    (into) => into.text(key).int8(COORDINATORS[kind]),
    (answer) => {
      const code = answer.int16();
      answer.text(); // the error in words
      answer.int32(); // the broker's id
      return { code, host: answer.text() ?? '', port: answer.int32() };
    },
  );
