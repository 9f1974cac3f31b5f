/** Computes scores again, by models that are handed in, from the events as they lie in Kafka. */
import { listOf } from '../schemas/record-frames.ts';
import { recordsOf } from '../schemas/records.ts';
import { createScorer } from '../consumers/scorer.ts';
import { boundsOf } from '../kafka/offsets.ts';
import { ASSUMED_BYTES } from '../kafka/message-limits.ts';
import type { Release } from '../models/manifest.ts';
import type { Emission, OutputRecord, SourceRecord } from '../schemas/ports.ts';
import { openModel } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { eventDecoderOf, scoreFormatOf } from '../service/codecs.ts';
import { createModelDecoders } from '../service/model-decoders.ts';
import type { World } from './world.ts';

const BATCH = 333;

/** The bytes of the score that each release gives each event of the topic, by `version scoreId`. */
export async function expectedScores(
  { context }: World,
  releases: readonly Release[],
): Promise<ReadonlyMap<string, Buffer>> {
  const { config, kafka, registry } = context;
  const { names } = config.topics;
  const scoreFormat = await scoreFormatOf(config, registry);
  const decoder = createModelDecoders(config.customer, (schema) => eventDecoderOf(context, schema));
  const expected = new Map<string, Buffer>();
  const ranges = await boundsOf(kafka, names.customerEvents);
  for (const release of releases) {
    const model = await openModel(release, createSession);
    const role = createScorer({
      model: () => ({ model, activation: 0 }),
      ...{ decoder, scoreFormat, group: config.group, topics: names, tombstones: config.tombstones },
      encodeCounts: (counts) => ({ value: JSON.stringify(counts) }),
      maxLetterBytes: () => ASSUMED_BYTES,
      maxSendBytes: () => ASSUMED_BYTES,
      contentType: registry === undefined ? 'application/json' : 'application/avro',
    });
    for (const range of ranges) {
      const records: SourceRecord[] = [];
      await kafka.readRanges(names.customerEvents, [range], (some) => {
        records.push(...some);
      });
      for (let from = 0; from < records.length; from += BATCH) {
        const batch = { topic: names.customerEvents, partition: range.partition, records: recordsOf(records.slice(from, from + BATCH)) }; // prettier-ignore
        const { emit } = await role(batch, () => Promise.resolve());
        for (const { value, headers } of scoresOf(emit, names.churnScores))
          expected.set(`${release.manifest.version} ${String(headers?.['ce_id'])}`, value as Buffer); // prettier-ignore
      }
    }
    await model.close();
  }
  return expected;
}

const scoresOf = (emit: readonly Emission[], topic: string): readonly OutputRecord[] =>
  emit.filter((emission) => emission.topic === topic).flatMap(({ records }) => listOf(records));
