import { expect, test } from 'vitest';
import { compileAny, createAvroEncoder } from './avro.ts';
import { SCHEMAS } from './generated.ts';
import { checkOwn, parseOwn } from './own.ts';

const record = {
  kind: 'HOLD', modelVersion: '1', modelSha256: 'a', origin: 'OPERATOR', recordedAt: 5, reason: null, requestId: null,
  manifest: null, artifactOffset: null, artifactChunks: 3,
}; // prettier-ignore
const counts = {
  modelSha256: 'a', activation: -1, sourceTopic: 't', sourcePartition: 0, firstOffset: 1, lastOffset: 2, maxTimestamp: 3, events: 2,
  series: [{ name: 'Age', counts: [1, 1], contributionSum: 0.5 }], customers: [],
}; // prettier-ignore

test('a record of ours passes, in either encoding; one without a newer field too', () => {
  expect(checkOwn('ModelRecord', record)).toBe(record);
  const { artifactChunks, ...older } = record;
  expect(artifactChunks).toBe(3);
  expect(checkOwn('ModelRecord', older)).toBe(older);
  const decoded = compileAny(SCHEMAS.DriftCounts)(createAvroEncoder(SCHEMAS.DriftCounts, 1)(counts));
  expect(checkOwn('DriftCounts', decoded)).toEqual(counts);
  expect(parseOwn(Buffer.from(JSON.stringify(counts)))).toEqual(counts);
});

test.each([
  ['ModelRecord', null, 'the value'],
  ['ModelRecord', [record], 'kind'],
  ['ModelRecord', { ...record, kind: 'NONE' }, 'kind'],
  ['ModelRecord', { ...record, kind: ['HOLD'] }, 'kind'],
  ['ModelRecord', { ...record, kind: { toString: 1 } }, 'kind'],
  ['ModelRecord', { ...record, recordedAt: '5' }, 'recordedAt'],
  ['ModelRecord', { ...record, recordedAt: 1e300 }, 'recordedAt'],
  ['ModelRecord', { ...record, modelVersion: undefined }, 'modelVersion'],
  ['DriftCounts', { ...counts, series: {} }, 'series'],
  ['DriftCounts', { ...counts, series: [{ ...counts.series[0], counts: [1, '1'] }] }, 'series'],
  ['DriftCounts', { ...counts, events: 1.5 }, 'events'],
] as const)('%s %j: %s does not fit', (name, value, field) => {
  const message = expect.stringContaining(`${field} does not fit`) as string;
  expect(() => checkOwn(name, value)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID', message }));
});

test('what is no JSON has a code', () => {
  expect(() => parseOwn(Buffer.from('{'))).toThrow(expect.objectContaining({ code: 'RECORD_UNDECODABLE' }));
  // It goes into logs: a customer's record on the wrong topic is not quoted.
  expect(() => parseOwn(Buffer.from('Mrs Miller, 52'))).toThrow(/^JSON that is not valid$/);
});

test('six bytes that promise a billion counts cost nothing', () => {
  const decode = compileAny({
    ...SCHEMAS.DriftCounts,
    fields: [{ name: 'c', type: { type: 'array', items: 'long' } }],
  });
  const promise = Buffer.from([0, 0, 0, 0, 1, 0x80, 0xa8, 0xd6, 0xb9, 0x07]);
  const begun = performance.now();
  expect(() => decode(promise)).toThrow(expect.objectContaining({ code: 'RECORD_UNDECODABLE' }));
  expect(performance.now() - begun).toBeLessThan(50);
  expect(() => compileAny({ type: 'array', items: 'null' })).toThrow(
    expect.objectContaining({ code: 'SCHEMA_FOREIGN' }),
  );
});
