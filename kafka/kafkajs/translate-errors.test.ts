import { kafkajs } from './patches/install.io.ts';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { BankChurnError, isTransient } from '../../schemas/errors.ts';
import { KafkaError } from '../errors.ts';
import {
  reading,
  throwTranslated,
  translated,
  translateError,
  writing,
  type Needs,
} from './translate-errors.ts';

/** Errors as the library itself makes them of a broker's answer. */
const { createErrorFromCode, errorCodes } = createRequire(import.meta.url)('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): Error;
  errorCodes: readonly { readonly type: string; readonly code: number }[];
};
const byType = (type: string): Error =>
  createErrorFromCode(errorCodes.find((entry) => entry.type === type)!.code);
const exceeded = (error: Error): Error =>
  new kafkajs.KafkaJSNumberOfRetriesExceeded(error, { retryCount: 8, retryTime: 9000 });
const LoginError = kafkajs.KafkaJSSASLAuthenticationError as new (message: string) => Error;
const kindOf = (error: Error): string => (translateError(error) as KafkaError).kind;

describe('what the library throws', () => {
  test.each([
    ['transient', new kafkajs.KafkaJSConnectionError('Connection timeout')],
    ['transient', byType('NOT_LEADER_FOR_PARTITION')],
    ['fenced', byType('INVALID_PRODUCER_EPOCH')],
    ['fenced', byType('INVALID_PRODUCER_ID_MAPPING')],
    ['unauthorized', byType('TOPIC_AUTHORIZATION_FAILED')],
    ['unauthorized', byType('GROUP_AUTHORIZATION_FAILED')],
    ['unauthorized', byType('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')],
    ['unauthorized', new LoginError('SASL PLAIN failed')],
    ['missing', byType('UNKNOWN_TOPIC_OR_PARTITION')],
    ['tls', new kafkajs.KafkaJSConnectionError('Connection error: x', { code: 'SELF_SIGNED_CERT_IN_CHAIN' })],
    ['transient', new kafkajs.KafkaJSConnectionError('Connection error: x', { code: 'ECONNREFUSED' })],
    ['fatal', new kafkajs.KafkaJSNonRetriableError('Invalid topic')],
    ['fatal', byType('INVALID_TXN_STATE')],
  ])('%s: %s', (kind, error) => {
    const found = translateError(error);
    expect(found).toBeInstanceOf(KafkaError);
    expect(found).toMatchObject({ kind, cause: error });
    expect(isTransient(found)).toBe(true); // the loop retries every one of them, with back-off
  });

  test('repetitions that were used up: of the kind of what was repeated', () => {
    expect(kindOf(exceeded(byType('NOT_LEADER_FOR_PARTITION')))).toBe('transient');
    expect(kindOf(exceeded(byType('INVALID_PRODUCER_EPOCH')))).toBe('fenced');
    const several = Object.assign(new Error('Topic creation errors'), {
      name: 'KafkaJSAggregateError',
      errors: [byType('CLUSTER_AUTHORIZATION_FAILED')],
    });
    expect(kindOf(several)).toBe('unauthorized');
  });
});

describe('the message', () => {
  const messageOf = (error: Error, needs?: Needs): string => (translateError(error, needs) as Error).message;

  test('of a refusal names the right and the resource that the call needs it for', () => {
    const needs = { ...writing(['scores']), ...reading(['events'], 'g'), topic: 'WRITE topic scores' };
    expect(messageOf(exceeded(byType('TOPIC_AUTHORIZATION_FAILED')), needs)).toBe(
      'no right to WRITE topic scores (TOPIC_AUTHORIZATION_FAILED)',
    );
    expect(messageOf(byType('GROUP_AUTHORIZATION_FAILED'), needs)).toBe(
      'no right to READ group g (GROUP_AUTHORIZATION_FAILED)',
    );
    expect(messageOf(byType('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'), needs)).toBe(
      'no right for a transactional id (TRANSACTIONAL_ID_AUTHORIZATION_FAILED)',
    );
  });

  test('names the topic that is missing, the certificate that is not trusted, and each of several errors', () => {
    expect(messageOf(byType('UNKNOWN_TOPIC_OR_PARTITION'), reading(['events'], 'g'))).toBe(
      'cannot READ topic events: there is no such topic or partition (UNKNOWN_TOPIC_OR_PARTITION)',
    );
    const untrusted = new kafkajs.KafkaJSConnectionError('Connection error: unable to verify', {
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
    expect(messageOf(exceeded(untrusted))).toMatch(
      /^no TLS connection to Kafka: unable to verify \(see kafka.caFile/,
    );
    const several = Object.assign(new Error('Topic creation errors'), {
      name: 'KafkaJSAggregateError',
      errors: [Object.assign(byType('INVALID_REPLICATION_FACTOR'), { topic: 'a' })],
    });
    expect(messageOf(several)).toMatch(/^Topic creation errors: a: /);
  });

  test('of an error of ours that the library has wrapped is ours', () => {
    const ours = new BankChurnError('OFFSET_OUT_OF_RANGE', 'gone');
    const wrapped = Object.assign(new kafkajs.KafkaJSNonRetriableError('x'), { cause: ours });
    expect(translateError(exceeded(wrapped))).toBe(ours);
  });
});

test('what is not of the library stays as it is', async () => {
  const ours = new BankChurnError('TRANSACTION_FAILED', 'not covered');
  expect(translateError(ours)).toBe(ours);
  await expect(translated(() => Promise.reject(ours))).rejects.toBe(ours);
  const other = new TypeError('a bug');
  expect(() => throwTranslated(other)).toThrow(other);
});
