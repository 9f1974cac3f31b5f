/** Scores as JSON: the bytes of `JSON.stringify(score)`. */
import type { Ids } from '../schemas/customer/ids.ts';
import { pieceOf, put, putBytes, putInteger, type Piece } from '../schemas/out-bytes.ts';
import { putNumber } from '../schemas/out-number.ts';
import { createJudge, RISK_LEVELS } from './score.ts';
import { mostBytes, type ScoreFormat } from './score-bytes.ts';

const SCORE_ID = pieceOf('{"scoreId":"');
const EVENT_ID = pieceOf('","eventId":"');
const CUSTOMER_ID = pieceOf('","customerId":"');
const OCCURRED_AT = pieceOf('","occurredAt":');
const PROBABILITY = pieceOf(',"churnProbability":');

/** Bytes of the pieces that are the same for all models, at most. */
const FIXED = 300;

export const jsonScores: ScoreFormat = (manifest) => {
  const { features, baseMargin, version, sha256 } = manifest;
  const judge = createJudge(manifest);
  const keys = features.map(({ name }) => `{"feature":${JSON.stringify(name)},"contribution":`);
  const further = keys.map((key) => pieceOf('},', key));
  const end = pieceOf(`}],${JSON.stringify({ baseMargin, modelVersion: version, modelSha256: sha256 }).slice(1)}`); // prettier-ignore
  /** From behind the probability to the first contribution, by prediction, risk and first feature; made when first needed. */
  const heads: Piece[] = [];
  const headOf = (probability: number, feature: number): Piece => {
    const risk = judge.riskOf(probability);
    const isChurn = judge.isChurn(probability);
    const place = (feature * 3 + risk) * 2 + Number(isChurn);
    return (heads[place] ??= pieceOf(`,"churnPrediction":${String(isChurn)},"riskLevel":"${RISK_LEVELS[risk]!}","reasons":[`, keys[feature]!)); // prettier-ignore
  };
  const longestKey = Math.max(...further.map(({ bytes }) => bytes.length));
  const fixed = FIXED + end.bytes.length + longestKey * judge.count;
  return {
    roomFor: (events) => mostBytes(fixed, judge.count, events),
    write: (out, start, { events, outputs, width, probabilities }, row, id) => {
      const { bytes } = out;
      const first = row * width + 1;
      const probability = probabilities[row]!;
      const reasons = judge.reasons(outputs, first);
      let at = put(out, start, SCORE_ID);
      at = putBytes(bytes, at, id.bytes, 0, id.length);
      at = putId(bytes, put(out, at, EVENT_ID), events.eventId, row);
      at = putId(bytes, put(out, at, CUSTOMER_ID), events.customerId, row);
      at = putInteger(bytes, put(out, at, OCCURRED_AT), events.occurredAt[row]!);
      at = putNumber(bytes, put(out, at, PROBABILITY), probability);
      for (let i = 0; i < reasons.length; i++) {
        const feature = reasons[i]!;
        at = put(out, at, i === 0 ? headOf(probability, feature) : further[feature]!);
        at = putNumber(bytes, at, outputs[first + feature]!);
      }
      return put(out, at, end);
    },
  };
};

/** An id without its quotes. */
function putId(out: Buffer, at: number, ids: Ids, row: number): number {
  if (ids.lengthAt(row) >= 0) return ids.copy(row, out, at);
  const text = JSON.stringify(ids.at(row));
  return at + out.write(text.slice(1, -1), at);
}
