/**
 * A process of its own that computes the expected scores anew from the records that the oracle read, in other batches than
 * the service had, and compares bytes: `recompute.ts FOLDER PARTITIONS MODEL_DIR`. Prints one JSON line. With FLIP_BYTE=1 (a
 * control) one byte of the model is another once it has passed its checks.
 */
import { listOf } from '../../schemas/record-frames.ts';
import { recordsOf } from '../../schemas/records.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openContext, packageRoot, readConfig } from '../../cli/context.ts';
import { createScorer } from '../../consumers/scorer.ts';
import { ASSUMED_BYTES } from '../../kafka/message-limits.ts';
import type { OutputRecord, SourceRecord } from '../../schemas/ports.ts';
import { goldenRows, parseGolden } from '../../models/golden.ts';
import { readRelease } from '../../models/store.io.ts';
import { openModel, type OnnxModel } from '../../scoring/model.ts';
import { createSession } from '../../scoring/onnx.io.ts';
import { eventDecoderOf, scoreFormatOf } from '../../service/codecs.ts';
import { createModelDecoders } from '../../service/model-decoders.ts';

const BATCH = 333;
const [folder = '', partitions = '0', modelDir = ''] = process.argv.slice(2);
const { config, registry } = openContext(readConfig({ config: `${packageRoot()}/configs/config.yaml` }));
const { names } = config.topics;
const release = await readRelease(modelDir);
const model = await openModel(release, process.env['FLIP_BYTE'] === '1' ? flipped : createSession);
const role = createScorer({
  model: () => ({ model, activation: 0 }),
  decoder: createModelDecoders(config.customer, (schema) => eventDecoderOf({ config, registry }, schema)),
  scoreFormat: await scoreFormatOf(config, registry),
  encodeCounts: (counts) => ({ value: JSON.stringify(counts) }),
  group: config.group,
  topics: names,
  tombstones: config.tombstones,
  maxLetterBytes: () => ASSUMED_BYTES,
  maxSendBytes: () => ASSUMED_BYTES,
  contentType: registry === undefined ? 'application/json' : 'application/avro',
});

/** A session that passes the golden rows and then goes on with one byte of the model changed, such that they come out otherwise. */
async function flipped(onnx: Uint8Array): Promise<OnnxModel> {
  const sound = await createSession(onnx);
  const golden = parseGolden(release.golden);
  const rows = goldenRows(golden);
  const outputs = await sound.run(rows, golden.rows.length);
  for (let at = Math.floor(onnx.length / 2); at < onnx.length; at++) {
    const bytes = Uint8Array.from(onnx);
    bytes[at]! ^= 0x10;
    const other = await createSession(bytes).catch(() => undefined);
    const found = await other?.run(rows, golden.rows.length).catch(() => undefined);
    if (
      other === undefined ||
      found?.length !== outputs.length ||
      found.every((value, i) => value === outputs[i])
    )
      continue;
    let runs = 0;
    return { ...sound, run: (...input) => (runs++ === 0 ? sound : other).run(...input) };
  }
  throw new Error('no byte makes a difference');
}

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
    const { emit } = await role({ topic: names.customerEvents, partition, records: recordsOf(batch) }, () =>
      Promise.resolve(),
    );
    batch = [];
    for (const { topic, records: some } of emit) {
      const wanted = listOf(some);
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
