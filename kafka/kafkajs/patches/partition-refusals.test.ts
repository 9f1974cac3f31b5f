import './install.io.ts'; // before the library
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { translateError, writing } from '../translate-errors.ts';

const require = createRequire(import.meta.url);

test.each(['v0', 'v1'])('a transaction that one topic refuses names that one (%s)', async (version) => {
  const { parse } = require(`kafkajs/src/protocol/requests/addPartitionsToTxn/${version}/response.js`) as {
    parse: (answer: object) => Promise<unknown>;
  };
  const of = (topic: string, errorCode: number) => ({
    topic,
    partitionErrors: [{ partition: 0, errorCode }],
  });
  const answer = { errors: [of('scores', 55), of('letters', 29)] };
  const error = await parse(answer).catch((thrown: unknown) => thrown);
  expect(translateError(error, writing(['scores', 'letters']))).toMatchObject({
    kind: 'unauthorized',
    message: 'no right to WRITE topic letters (TOPIC_AUTHORIZATION_FAILED)',
  });
  const done = { errors: [of('scores', 0), of('letters', 0)] };
  expect(await parse(done)).toBe(done);
});
