/** Records of the model log that are none, or say what cannot be. */
import type { LogCase } from './log-case.ts';

const skipped = (input: string, value: Buffer | string | null, code: string): LogCase => ({
  ...{ kind: 'record', input, skipped: [code] },
  write: (lab) => lab.raw(value),
});
const UNDECODABLE = 'RECORD_UNDECODABLE';
const INVALID = 'RECORD_INVALID';

export const RECORDS: readonly LogCase[] = [
  skipped('17 bytes of garbage', Buffer.from('deadbeefdeadbeefdeadbeefdeadbeef11', 'hex'), UNDECODABLE),
  skipped('17 bytes that begin as Avro of an unknown schema', Buffer.from('007fffffff00112233445566778899aabb', 'hex'), 'SCHEMA_UNKNOWN'), // prettier-ignore
  skipped('bytes that begin as Avro of a schema id that no registry has', Buffer.from('00ffffffff0011', 'hex'), 'SCHEMA_UNKNOWN'), // prettier-ignore
  skipped('no value (a tombstone)', null, 'RECORD_EMPTY'),
  skipped('a value without bytes', '', UNDECODABLE),
  skipped('the JSON `null`', 'null', INVALID),
  skipped('a JSON list', '[1,2,3]', INVALID),
  skipped('JSON of another shape', '{"hello":"world"}', INVALID),
  skipped('JSON that is nested 100,000 deep', '['.repeat(100_000), UNDECODABLE),
  skipped('900 KB of spaces', ' '.repeat(900_000), UNDECODABLE),
  {
    ...{ kind: 'record', input: 'a kind that there is not', skipped: [INVALID] },
    write: (lab) => lab.raw(JSON.stringify({ ...lab.record('HOLD', lab.a), kind: 'PROMOTION' })),
  },
  {
    ...{ kind: 'record', input: 'a sha256 that is a number', skipped: [INVALID] },
    write: (lab) => lab.raw(JSON.stringify({ ...lab.record('ACTIVATION', lab.a), modelSha256: 7 })),
  },
  {
    ...{ kind: 'record', input: 'Avro of another record of ours', skipped: [INVALID] },
    write: (lab) => lab.raw(lab.foreign),
  },
  {
    ...{ kind: 'record', input: 'a time of 4000 years in the future' },
    write: (lab) => lab.log(lab.record('ACTIVATION', lab.a, { recordedAt: 1.3e14 })),
  },
  {
    ...{ kind: 'record', input: 'a time that no calendar has' },
    write: (lab) => lab.raw(JSON.stringify(lab.record('ACTIVATION', lab.a, { recordedAt: 9e15 }))),
  },
  {
    ...{ kind: 'record', input: 'a reason of 900 KB' },
    write: (lab) => lab.log(lab.record('REJECTION', lab.a, { requestId: 'long', reason: 'x'.repeat(900_000) })), // prettier-ignore
  },
  {
    ...{ kind: 'record', input: 'a version of 900 KB', skipped: [INVALID] },
    write: (lab) => lab.log(lab.record('ACTIVATION', lab.a, { modelVersion: 'v'.repeat(900_000) })),
  },
  {
    ...{ kind: 'record', input: 'characters that a terminal obeys, in version, actor and reason' },
    write: (lab) =>
      lab.log(
        lab.record('REJECTION', lab.a, {
          ...{
            modelVersion: '\u001b[2J\u001b]0;x\u0007',
            actor: '\u001b[31mroot',
            reason: 'a\r\nb\u001b[8m',
          },
          requestId: '\u001b[1m',
        }),
      ),
  },
  {
    ...{ kind: 'record', input: 'a hold of a model that there is not' },
    write: (lab) => lab.log(lab.record('HOLD', lab.a, { modelVersion: 'nobody', modelSha256: 'nobody' })),
  },
];
