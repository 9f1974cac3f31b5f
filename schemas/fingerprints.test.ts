/** Control records are read by the schema that they name: by this release, and by later ones. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createAvroEncoder } from './avro.ts';
import {
  CONTROL_SCHEMAS,
  decodeNamed,
  decodeUnnamed,
  fingerprint,
  FINGERPRINT_HEADER,
  fingerprintHeaders,
} from './fingerprints.ts';
import { EARLIER_SCHEMAS, SCHEMAS } from './generated.ts';

const FOLDER = 'schemas/written';
/** Schemas of records that lie in topics somewhere. Add those of a release; never remove one. */
const RELEASED = [
  'DriftCounts.c0de38ef76e6c7d7',
  'DriftVerdict.e919865e9b7cd663',
  'ModelRecord.1547c022bb406af5',
  'RetrainRequested.db19e1c46d653fc2',
];
const request = {
  requestId: 'r', modelVersion: '1', modelSha256: 'a', activation: 3, countsOffset: 9, requestedAt: 5, reason: 'why', scorePsi: 0.5,
  maxFeaturePsi: 0.75, events: 7, driftSince: null, customers: 6.5, spanMs: 8, byPsi: true, threshold: 0.2, significance: 0.1,
  minEffect: 0.3, series: [],
}; // prettier-ignore
const encoded = createAvroEncoder(SCHEMAS.RetrainRequested, 77)(request);

test.each(CONTROL_SCHEMAS)('%s: what this release writes can be read by every later one', (name) => {
  const file = `${name}.${fingerprint(SCHEMAS[name])}.avsc`;
  const advice = `the schema of ${name} has changed: run \`npm run generate\`, and commit ${FOLDER}/${file} beside the former ones`;
  expect(readdirSync(FOLDER), advice).toContain(file);
});

test.each(RELEASED)('%s is kept: records that lie in topics were written with it', (name) => {
  const advice = `${FOLDER}/${name}.avsc was removed: take it back from the history, and run \`npm run generate\``;
  expect(readdirSync(FOLDER), advice).toContain(`${name}.avsc`);
});

test.each(readdirSync(FOLDER))('%s holds the schema that its name says, and is in the table', (file) => {
  const schema = JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as { name: string };
  expect(file).toBe(`${schema.name}.${fingerprint(schema)}.avsc`);
  const known = [...CONTROL_SCHEMAS.map((name) => SCHEMAS[name]), ...EARLIER_SCHEMAS].map(fingerprint);
  expect(known, 'run `npm run generate`').toContain(fingerprint(schema));
});

test('a record that names its schema is decoded by it, whatever id it has; a foreign name says nothing', () => {
  const headers = fingerprintHeaders(SCHEMAS.RetrainRequested);
  expect(decodeNamed(encoded, headers)).toEqual(request);
  const asBytes = { [FINGERPRINT_HEADER]: Buffer.from(headers[FINGERPRINT_HEADER]!) };
  expect(decodeNamed(encoded, asBytes)).toEqual(request);
  for (const name of ['', '0123456789abcdef', 'toString']) {
    expect(decodeNamed(encoded, { [FINGERPRINT_HEADER]: name })).toBeUndefined();
  }
  expect(decodeNamed(encoded, {})).toBeUndefined();
});

test('bytes that are not of the schema they name are refused', () => {
  const undecodable = expect.objectContaining({ code: 'RECORD_UNDECODABLE' }) as Error;
  for (const value of [encoded.subarray(0, 20), Buffer.concat([encoded, encoded]), Buffer.from([0])])
    expect(() => decodeNamed(value, fingerprintHeaders(SCHEMAS.RetrainRequested))).toThrow(undecodable);
  expect(() => decodeNamed(encoded, fingerprintHeaders(SCHEMAS.DriftCounts))).toThrow(undecodable);
});

test('a record that names no schema is read by the one that takes all of its bytes', () => {
  expect(decodeUnnamed('RetrainRequested', encoded)).toEqual(request);
  expect(decodeUnnamed('RetrainRequested', encoded.subarray(0, encoded.length - 1))).toBeUndefined();
  expect(decodeUnnamed('ModelRecord', encoded)).toBeUndefined();
});
