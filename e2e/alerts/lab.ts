/** Where one alert is fired by its cause: a broker and a registry, topics, a service, a stream of events, and Prometheus. */
import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { openContext, packageRoot, readConfig, type Context } from '../../cli/context.ts';
import { startEmbedded, type Embedded } from '../../cli/embedded/embedded.io.ts';
import { choosePort } from '../../cli/embedded/ports.io.ts';
import { programArguments } from '../../cli/service-process.io.ts';
import { prepareTopics } from '../../cli/topics.ts';
import { simulateEvents, type StreamDrift } from '../../producers/simulate-events.io.ts';
import type { SourcedEvent } from '../../producers/sourced-event.ts';
import type { TopicId } from '../../schemas/topics.ts';
import { startPrometheus, type Prometheus } from './prometheus.ts';

export interface Lab {
  readonly embedded: Embedded;
  readonly context: Context;
  readonly prometheus: Prometheus;
  /** The service's process. */
  service(): ChildProcess;
  /** Starts it anew on the same port. */
  restart(): Promise<void>;
  health(): Promise<{ status: number; body: Readonly<Record<string, unknown>> }>;
  send(topic: TopicId, values: readonly string[]): Promise<void>;
  /** Sends simulated events until `stop`. */
  stream(rate: number, drift?: StreamDrift): { stop(): Promise<void> };
  close(): Promise<void>;
}

export interface LabOptions {
  /** Settings that differ from the defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than the service, run with tsx. */
  readonly program?: string;
  /** What the durations of the rules are divided by. */
  readonly divisor: number;
}

const TICK_MS = 50;
const CUSTOMER = /"customerId":"([^"]*)"/;

/** Starts everything; returns when the service is healthy. */
export async function openLab(options: LabOptions): Promise<Lab> {
  const embedded = await startEmbedded();
  const port = await choosePort(undefined, 'the service', new Set());
  const configFile = join(embedded.dataDir, 'lab.yaml');
  writeFileSync(configFile, stringify(options.settings ?? {}));
  const env = {
    KAFKA_BROKERS: embedded.brokers,
    SCHEMA_REGISTRY_URL: embedded.registryUrl ?? '',
    PORT: String(port),
    LOG_LEVEL: 'ERROR',
    ...options.env,
  };
  const context = openContext(readConfig({ config: configFile }, env));
  await prepareTopics(context);
  const producer = await context.kafka.openProducer();
  const program = options.program === undefined ? programArguments() : ['--import', 'tsx', options.program];
  const args = options.program === undefined ? ['serve', '--with-parent', '--config', configFile] : [];
  const run = (): ChildProcess =>
    spawn(process.execPath, [...program, ...args], {
      env: { ...process.env, ...env, CONFIG: configFile },
      stdio: ['pipe', 'ignore', 'inherit'],
      cwd: packageRoot(),
    });
  let child = run();
  const health: Lab['health'] = async () => {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/health`).catch(() => undefined);
    if (answer === undefined) return { status: 0, body: {} };
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const send: Lab['send'] = (topic, values) =>
    producer.send(
      context.config.topics.names[topic],
      values.map((value) => ({ key: CUSTOMER.exec(value)?.[1] ?? null, value })),
    );
  await until(async () => (await health()).status === 200, 'a healthy service', 60_000);
  const prometheus = await startPrometheus(port, options.divisor);
  return {
    embedded,
    context,
    prometheus,
    service: () => child,
    restart: async () => {
      await ended(child);
      child = run();
      await until(async () => (await health()).status !== 0, 'the sidecar', 30_000);
    },
    health,
    send,
    stream: (rate, drift) => stream(send, rate, drift),
    close: async () => {
      await prometheus.stop();
      await producer.close().catch(() => undefined);
      context.registry?.close();
      await ended(child);
      await embedded.stop();
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const late = sleep(15_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'));
  await Promise.race([exited, late]);
}

let streams = 0;

function stream(send: Lab['send'], rate: number, drift: StreamDrift | undefined): { stop(): Promise<void> } {
  let stopped = false;
  const events = simulateEvents(1e9, 7, `s${String(++streams)}-`, drift);
  const nextEvent = (): string => JSON.stringify((events.next().value as SourcedEvent).event);
  const running = (async (): Promise<void> => {
    const begun = Date.now();
    for (let sent = 0; !stopped;) {
      const due = Math.min(500, Math.floor(((Date.now() - begun) / 1000) * rate) - sent);
      const some = Array.from({ length: Math.max(0, due) }, () => nextEvent());
      sent += some.length;
      if (some.length > 0) await send('customerEvents', some).catch(() => undefined);
      await sleep(TICK_MS);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

/** Waits for something. Throws when it has not come in time. */
export async function until(isTrue: () => Promise<boolean>, what: string, timeoutMs: number): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`waited ${String(timeoutMs / 1000)} s for ${what}`);
    await sleep(250);
  }
}
