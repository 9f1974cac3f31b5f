/**
 * A process of its own that computes the expected scores anew from the records that the oracle read, in other batches than
 * the service had, and compares bytes: `recompute.ts FOLDER PARTITIONS MODEL_DIR`. Prints one JSON line.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openContext, packageRoot, readConfig } from '../../cli/context.ts';
import { createScorer } from '../../consumers/scorer.ts';
import { createAvroEncoder, EVENT } from '../../schemas/avro.ts';
import type { OutputRecord, SourceRecord } from '../../schemas/ports.ts';
import { loadModel } from '../../scoring/load-model.io.ts';
import { decoderOf, topicEncoder } from '../../wiring.ts';

const BATCH = 333;
const [folder = '', partitions = '0', modelDir = ''] = process.argv.slice(2);
const { config, registry } = openContext(readConfig({ config: `${packageRoot()}/configs/config.yaml` }));
const { names } = config.topics;
const model = await loadModel(modelDir);
const role = createScorer({
  model: () => ({ model, activation: 0 }),
  decoder: decoderOf({ config, registry }, 'customerEvents', EVENT),
  encodeScore: await topicEncoder(config, registry, 'churnScores'),
  encodeCounts: createAvroEncoder('DriftCounts', 1),
  topics: names,
  tombstones: config.tombstones,
  contentType: registry === undefined ? 'application/json' : 'application/avro',
});

/** The records of a dump: offset, time, key, value. */
function* records(file: string): Generator<SourceRecord> {
  const bytes = readFileSync(join(folder, file));
  for (let at = 0; at < bytes.length;) {
    const part = (): Buffer | null => {
      const length = bytes.readInt32BE(at);
      at += 4;
      if (length < 0) return null;
      at += length;
      return bytes.subarray(at - length, at);
    };
    const offset = Number(bytes.readBigInt64BE(at));
    const timestampMs = Number(bytes.readBigInt64BE(at + 8));
    at += 16;
    yield { offset, timestampMs, key: part(), value: part(), headers: {} };
  }
}

const tally = { compared: 0, different: 0, deadLetters: 0 };
const differs = (wanted: OutputRecord, found: SourceRecord | undefined): boolean =>
  found?.value == null ||
  Buffer.compare(found.value, Buffer.from(wanted.value!)) !== 0 ||
  String(found.key) !== String(wanted.key);

for (let partition = 0; partition < Number(partitions); partition++) {
  const scores = records(`scores-${String(partition)}`);
  let batch: SourceRecord[] = [];
  const compare = async (): Promise<void> => {
    if (batch.length === 0) return;
    const { emit } = await role({ topic: names.customerEvents, partition, records: batch }, () =>
      Promise.resolve(),
    );
    batch = [];
    for (const { topic, records: wanted } of emit) {
      if (topic === names.deadLetters) tally.deadLetters += wanted.length;
      if (topic !== names.churnScores) continue;
      for (const score of wanted) {
        tally.compared += 1;
        if (differs(score, scores.next().value as SourceRecord | undefined)) tally.different += 1;
      }
    }
  };
  for (const record of records(`input-${String(partition)}`)) {
    batch.push(record);
    if (batch.length === BATCH) await compare();
  }
  await compare();
  tally.different += [...scores].length; // more than there should be
}
process.stdout.write(`${JSON.stringify(tally)}\n`);
process.exit(0);
