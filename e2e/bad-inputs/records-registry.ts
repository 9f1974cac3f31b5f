/** What a schema registry may say to the question for a schema. */
import type { RequestListener } from 'node:http';
import { BANK_AVRO } from '../../schemas/customer/bank.fixture.ts';
import {
  letter,
  recordsOfKind,
  scored,
  valued,
  WAITS,
  type MakeRecord,
  type RecordCase,
  type RecordInput,
} from './record-case.ts';

const OURS = JSON.stringify({ schema: JSON.stringify(BANK_AVRO) });
const FLOOD = Buffer.alloc(64 * 1024, 'x');
const FLOOD_BYTES = 100_000_000;
const UNKNOWN_ID = 1_999_999_999;

const answered =
  (listener: RequestListener): MakeRecord =>
  (event, lab) =>
    valued(event, lab.avro(event, lab.answering(listener)));
const says = (status: number, body: string, headers: Record<string, string> = {}): MakeRecord =>
  answered((_, response) => void response.writeHead(status, headers).end(body));

/** 100 MB in chunks, as fast as they are read. */
const flood: RequestListener = (_, response) => {
  let left = FLOOD_BYTES;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= FLOOD.length;
      if (!response.write(FLOOD)) return;
    }
    response.end();
  };
  response.on('drain', more);
  more();
};
/** A byte now and then, for ever. */
const drip: RequestListener = (_, response) => {
  const timer = setInterval(() => response.write(' '), 50);
  response.once('close', () => clearInterval(timer));
};

const refusals: readonly RecordInput[] = [
  {
    input: 'a schema id that the real registry does not have',
    record: (event, lab) => valued(event, lab.avro(event, UNKNOWN_ID)),
    back: letter('SCHEMA_UNKNOWN', `the registry has no schema with id ${String(UNKNOWN_ID)}`),
  },
  {
    input: '404 with `error_code` 40403',
    record: says(404, '{"error_code":40403,"message":"Schema not found"}'),
    back: letter('SCHEMA_UNKNOWN'),
  },
  {
    input: '200 and a `schemaType` that nobody knows',
    record: says(200, '{"schemaType":"THRIFT","schema":"struct CustomerEvent {}"}'),
    back: letter(
      'SCHEMA_FOREIGN',
      'its writer schema cannot be read as a CustomerEvent: it is not Avro but "THRIFT"',
    ),
  },
  {
    input: 'Avro as an image (`content-type: image/png`)',
    record: says(200, OURS, { 'content-type': 'image/png' }),
    back: scored('the body decides'),
  },
];

const answers: readonly RecordInput[] = [
  { input: '404 with HTML', record: says(404, '<html>no such page</html>'), back: WAITS },
  { input: '404 with another `error_code`', record: says(404, '{"error_code":40401}'), back: WAITS },
  { input: '500', record: says(500, '{"error_code":50001}'), back: WAITS },
  { input: '200 with HTML', record: says(200, '<html>'), back: WAITS },
  { input: '200 without a body', record: says(200, ''), back: WAITS },
  { input: '200 with `{"schema":null}`', record: says(200, '{"schema":null}'), back: WAITS },
  { input: 'a redirection to itself', record: says(302, '', { location: '/schemas/ids/1' }), back: WAITS },
  { input: '100 MB in chunks', record: answered(flood), back: WAITS },
  { input: 'an answer that never ends', record: answered(drip), back: WAITS },
  {
    input: 'a connection that breaks',
    record: answered((request) => void request.socket.destroy()),
    back: WAITS,
  },
];

export const REGISTRY_RECORDS: readonly RecordCase[] = [
  ...recordsOfKind('refusals', refusals),
  ...recordsOfKind('answers', answers),
];
