/** Scores as Avro in the Confluent wire format: the bytes that an encoder of the schema `ChurnScore` gives. */
import { HEADER_BYTES, MAGIC_BYTE } from '../schemas/avro.ts';
import type { Ids } from '../schemas/customer/ids.ts';
import { pieceOf, put, putBytes } from '../schemas/out-bytes.ts';
import { writeBytes, writeVarint } from '../schemas/record-frames.ts';
import { createJudge } from './score.ts';
import { mostBytes, type ScoreFormat } from './score-bytes.ts';

/** Avro's numbers are zigzag varints, as those of Kafka's records; a double has eight bytes. */
const DOUBLE = 8;

/** @param schemaId under which the schema is registered. */
export const avroScores =
  (schemaId: number): ScoreFormat =>
  (manifest) => {
    const judge = createJudge(manifest);
    const head = Buffer.alloc(HEADER_BYTES);
    head[0] = MAGIC_BYTE;
    head.writeUInt32BE(schemaId, 1);
    const header = pieceOf(head);
    const features = manifest.features.map(({ name }) => pieceOf(texts(name)));
    const baseMargin = Buffer.alloc(DOUBLE);
    baseMargin.writeDoubleLE(manifest.baseMargin);
    const end = pieceOf(Buffer.of(0), baseMargin, texts(manifest.version, manifest.sha256));
    const longest = Math.max(...features.map(({ bytes }) => bytes.length));
    const fixed = HEADER_BYTES + end.bytes.length + longest * judge.count;
    return {
      roomFor: (events) => mostBytes(fixed, judge.count, events),
      write: (out, start, { events, outputs, width, probabilities }, row, id) => {
        const { bytes, view } = out;
        const first = row * width + 1;
        const probability = probabilities[row]!;
        const reasons = judge.reasons(outputs, first);
        let at = writeVarint(bytes, put(out, start, header), id.length);
        at = putBytes(bytes, at, id.bytes, 0, id.length);
        at = putId(bytes, at, events.eventId, row);
        at = putId(bytes, at, events.customerId, row);
        at = writeVarint(bytes, at, events.occurredAt[row]!);
        view.setFloat64(at, probability, true);
        at += DOUBLE;
        bytes[at++] = Number(judge.isChurn(probability));
        bytes[at++] = judge.riskOf(probability) * 2;
        at = writeVarint(bytes, at, reasons.length);
        for (let i = 0; i < reasons.length; i++) {
          const feature = reasons[i]!;
          at = put(out, at, features[feature]!);
          view.setFloat64(at, outputs[first + feature]!, true);
          at += DOUBLE;
        }
        return put(out, at, end);
      },
    };
  };

function texts(...all: readonly string[]): Buffer {
  const out = Buffer.allocUnsafe(all.reduce((sum, text) => sum + DOUBLE + Buffer.byteLength(text), 0));
  return out.subarray(0, all.reduce((at, text) => writeBytes(out, at, text), 0)); // prettier-ignore
}

function putId(out: Buffer, at: number, ids: Ids, row: number): number {
  const length = ids.lengthAt(row);
  return length < 0 ? writeBytes(out, at, ids.at(row)) : ids.copy(row, out, writeVarint(out, at, length));
}
