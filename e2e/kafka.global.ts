import type { TestProject } from 'vitest/node';
import { startEmbedded, type Embedded } from '../cli/embedded/embedded.io.ts';

/** Where the tests of this run find Kafka. */
export interface TestKafka {
  /** `host:port`, several with commas. */
  readonly brokers: string;
  /** Base address of the Confluent API; undefined where a given cluster has no registry. */
  readonly registryUrl: string | undefined;
  /** True where this run started it: it is empty, ours alone and may be killed. */
  readonly isEmbedded: boolean;
}

declare module 'vitest' {
  interface ProvidedContext {
    kafka: TestKafka;
  }
}

let embedded: Embedded | undefined;

/** One broker and registry for the whole run, `inject('kafka')` in tests; the cluster in KAFKA_BROKERS where that is set. */
export async function setup(project: TestProject): Promise<void> {
  const brokers = process.env['KAFKA_BROKERS'];
  if (brokers) {
    const registryUrl = process.env['SCHEMA_REGISTRY_URL'] || undefined;
    project.provide('kafka', { brokers, registryUrl, isEmbedded: false });
    return;
  }
  embedded = await startEmbedded({
    onProgress: (line) => {
      process.stderr.write(`${line}\n`);
    },
    extraProperties: {
      // Many groups at once: more coordinators than one.
      'offsets.topic.num.partitions': '3',
      'transaction.state.log.num.partitions': '3',
      // Nobody kills this broker, and a busy machine may hold it up for longer than the usual 3 s: no reason to fence it.
      'broker.session.timeout.ms': '20000',
    },
  });
  project.provide('kafka', {
    brokers: embedded.brokers,
    registryUrl: embedded.registryUrl,
    isEmbedded: true,
  });
}

/** Ends it. */
export async function teardown(): Promise<void> {
  await embedded?.stop();
}
