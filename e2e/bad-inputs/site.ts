/** A running scorer with topics of its own: what is written to it, what it commits, and what it takes for that. */
import { readFileSync } from 'node:fs';
import { inject } from 'vitest';
import { produceBatch, type Produced } from '../../kafka/kafkajs/raw-produce.fixture.ts';
import type { SourceRecord } from '../../schemas/ports.ts';
import type { ServiceProcess } from '../../cli/service-process.io.ts';
import { groupsOf } from '../../service/role-topics.ts';
import type { OnEnd, World } from '../world.ts';

/** One committed output. */
export interface Output {
  readonly kind: 'score' | 'dead letter';
  readonly record: SourceRecord;
  /** When it was seen, `performance.now()`. */
  readonly seenAt: number;
}

export interface Site {
  readonly service: ServiceProcess;
  readonly partitions: number;
  write(partition: number, batch: Buffer): Promise<Produced>;
  /** The outputs of an event; one, if all is well. */
  outputs(partition: number, offset: number): readonly Output[];
  /** Everything that is committed so far. */
  readonly all: ReadonlyMap<string, readonly Output[]>;
  /** Status of `/health`. */
  health(): Promise<number>;
  /** Value of a counter with a label, 0 if it is not there. */
  counted(counter: string): Promise<number>;
  /** Whether the process has ended. */
  isGone(): boolean;
  /** End of each partition, and the offset that the group has committed. */
  ends(): Promise<{ readonly end: number; readonly committed: number | undefined }[]>;
  /** Most resident memory so far, MiB: as looked at, and as the kernel has kept it. */
  peakMib(): number;
}

const SAMPLE_MS = 50;

/** @param onEnd takes what ends the reading and the sampling. */
export async function openSite(world: World, service: ServiceProcess, onEnd: OnEnd): Promise<Site> {
  const { config, kafka } = world.context;
  const { churnScores, deadLetters, customerEvents } = config.topics.names;
  const all = new Map<string, Output[]>();
  const reader = await kafka.openReader(
    [churnScores, deadLetters],
    { fromBeginning: true },
    (topic, _, record) => {
      const kind = topic === churnScores ? 'score' : 'dead letter';
      const place = placeOf(record, kind);
      all.set(place, [...(all.get(place) ?? []), { kind, record, seenAt: performance.now() }]);
    },
  );
  let peak = 0;
  const sampling = setInterval(
    () => void (peak = Math.max(peak, memoryMib(service.pid, 'VmRSS'))),
    SAMPLE_MS,
  );
  let isGone = false;
  void service.exited.then(() => (isGone = true));
  onEnd(() => reader.close());
  onEnd(() => clearInterval(sampling));
  const ask = (path: string) => fetch(`http://127.0.0.1:${String(service.port)}${path}`);
  return {
    service,
    partitions: config.topics.partitions,
    all,
    write: (partition, batch) => produceBatch(inject('kafka').brokers, customerEvents, partition, batch),
    outputs: (partition, offset) => all.get(`${customerEvents}/${String(partition)}/${String(offset)}`) ?? [],
    health: async () => (await ask('/health')).status,
    counted: async (counter) => {
      const line = (await (await ask('/metrics')).text())
        .split('\n')
        .find((text) => text.startsWith(`${counter} `));
      return Number(line?.slice(counter.length) ?? 0);
    },
    isGone: () => isGone,
    ends: () =>
      kafka.administer(async (admin) => {
        const committed = await admin.committedOffsets(groupsOf(config).scorer, customerEvents);
        const bounds = await admin.offsetBounds(customerEvents);
        return bounds.map(({ partition, to }) => ({ end: to, committed: committed.get(partition)?.offset }));
      }),
    peakMib: () => Math.max(peak, memoryMib(service.pid, 'VmHWM')),
  };
}

/** `topic/partition/offset` of the event that an output was made of. */
function placeOf({ headers }: SourceRecord, kind: Output['kind']): string {
  const text = (name: string): string => String(headers[name]);
  if (kind === 'score') return text('ce_id');
  return `${text('source-topic')}/${text('source-partition')}/${text('source-offset')}`;
}

function memoryMib(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0; // gone, or no Linux
  }
}
