/** Topics and ranges of offsets read outside of any group, over connections of their own. */
import './patches/install.io.ts'; // before the library
import type { Kafka } from 'kafkajs';
import { BankChurnError, messageOf } from '../../schemas/errors.ts';
import type { Clock, SourceRecord } from '../../schemas/ports.ts';
import type { Records } from '../../schemas/records.ts';
import { isPassing } from '../group/member-errors.ts';
import { createTopicReading, type TopicReading, type TopicReadingSettings } from '../group/topic-reading.ts';
import type { FetchPort } from '../group/ports.ts';
import type { KafkaClient, OffsetRange, OnRecords } from '../port.ts';
import { createRangeProgress } from '../range-progress.ts';
import { openBudget } from '../record-set.ts';
import { readFetched } from '../record-slab.ts';
import { administer } from './admin.io.ts';
import { UNPACK_LIMITS, unpack } from './codecs.io.ts';
import { openClock } from './engine-clock.io.ts';
import { clusterOf } from './patches/cluster.io.ts';
import { openDirectory } from './requests/directory.io.ts';
import { createFetchPort } from './requests/fetch.io.ts';
import type { LibraryCluster } from './requests/lines.io.ts';
import { errorOf } from './requests/refusals.io.ts';
import { translateError, type Needs } from './translate-errors.ts';

/** Without any progress for this long the reading of a range fails. */
const SILENCE_MS = 20_000;

/** What readings of some topics share. */
export interface ReadingSite {
  readonly clock: Clock;
  /** Requests for one topic. */
  fetchPort(topic: string): FetchPort;
  /** Prepares the reading of one topic; it begins with `readFrom`. */
  reading(
    settings: Pick<TopicReadingSettings, 'topic' | 'port' | 'deliver' | 'passed' | 'onState'>,
  ): TopicReading;
  close(): void;
}

const needsOf = (topic: string): Needs => ({ topic: `READ topic ${topic}` });

/** Connects with the first request. */
export function openReadingSite(kafka: Kafka): ReadingSite {
  const directory = openDirectory(clusterOf(kafka.admin()) as LibraryCluster);
  const clock = openClock();
  return {
    clock,
    fetchPort: (topic) => createFetchPort(directory, topic, needsOf(topic)),
    reading: (settings) =>
      createTopicReading({
        ...settings,
        clock,
        read: (partition, set, from, aborted) =>
          readFetched(set, {
            ...{ from, aborted, unpack, limits: UNPACK_LIMITS, budget: openBudget(UNPACK_LIMITS) },
            place: `${settings.topic}/${String(partition)}`,
          }),
        errorOf: (code) => translateError(errorOf(code, settings.topic), needsOf(settings.topic)),
        bounds: () => administer(kafka, (admin) => admin.offsetBounds(settings.topic)),
      }),
    close: () => {
      clock.stop();
      directory.close();
    },
  };
}

/** Records as objects. What the walk over the batches refused is skipped, and named in the log. */
export function readable(kafka: Kafka, records: Records): SourceRecord[] {
  const found: SourceRecord[] = [];
  for (let i = 0; i < records.length; i++) {
    const refused = records.refusedAt(i);
    if (refused === undefined) found.push(records.at(i));
    else kafka.logger().error(refused.code, { error: refused.message });
  }
  return found;
}

export const readRanges =
  (kafka: Kafka): KafkaClient['readRanges'] =>
  async (topic, ranges, onRecords) => {
    const wanted = ranges.filter(({ from, to }) => to > from);
    if (wanted.length === 0) return;
    const site = openReadingSite(kafka);
    try {
      const port = site.fetchPort(topic);
      await port.leaders(true); // what is wrong with the topic or the right to it is known at once
      const error = await readAll(site, port, { kafka, topic, ranges: wanted, onRecords });
      if (error !== undefined) throw error as Error;
    } finally {
      site.close();
    }
  };

interface RangeReading {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly ranges: readonly OffsetRange[];
  readonly onRecords: OnRecords;
}

/** Resolves when all ranges are read, or enough of them; with an error if that is not to be. */
function readAll(
  site: ReadingSite,
  port: FetchPort,
  { kafka, topic, ranges, onRecords }: RangeReading,
): Promise<unknown> {
  const progress = createRangeProgress(ranges);
  return new Promise((resolve) => {
    let last: unknown;
    const silence = setTimeout(() => end(silent(topic, last)), SILENCE_MS);
    const end = (error?: unknown): void => {
      clearTimeout(silence);
      reading.close();
      resolve(error);
    };
    const reading = site.reading({
      ...{ topic, port },
      deliver: async (partition, records) => {
        const taken = progress.take(partition, readable(kafka, records));
        try {
          if (taken.length > 0) await onRecords(taken, () => end());
        } catch (error) {
          end(error);
        }
      },
      passed: (partition, next) => {
        silence.refresh();
        progress.passed(partition, next - 1);
        if (progress.isComplete()) end();
      },
      onState: (error) => {
        last = error;
        if (error !== undefined && !isPassing(error)) end(error);
      },
    });
    reading.readFrom(new Map(ranges.map(({ partition, from }) => [partition, from])));
  });
}

function silent(topic: string, last: unknown): BankChurnError {
  const seconds = String(SILENCE_MS / 1000);
  const why = last === undefined ? '' : `: ${messageOf(last)}`;
  return new BankChurnError('BROKER_UNAVAILABLE', `${topic} could not be read: nothing came for ${seconds} s${why}`);
} // prettier-ignore
