/** One real Kafka and schema registry for the whole test run: the embedded ones, unless KAFKA_BROKERS names others. */
import type { TestProject } from 'vitest/node';
import { startEmbedded, type Embedded } from '../cli/embedded/embedded.io.ts';

declare module 'vitest' {
  interface ProvidedContext {
    kafka: { brokers: string; registryUrl: string };
  }
}

let embedded: Embedded | undefined;

export async function setup(project: TestProject): Promise<void> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined && given !== '') {
    project.provide('kafka', { brokers: given, registryUrl: process.env['SCHEMA_REGISTRY_URL'] ?? '' });
    return;
  }
  embedded = await startEmbedded({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  project.provide('kafka', { brokers: embedded.brokers, registryUrl: embedded.registryUrl ?? '' });
}

export async function teardown(): Promise<void> {
  await embedded?.stop();
}
