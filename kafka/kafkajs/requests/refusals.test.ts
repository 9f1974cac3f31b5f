import { expect, test } from 'vitest';
import { translateError, writing } from '../translate-errors.ts';
import { throwRefusal } from './coordinated.io.ts';
import { createCrc32c, crc32c } from './crc32c.io.ts';
import { afterLastTransaction, errorOf, persist } from './refusals.io.ts';

const thrownBy = (work: () => void): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

test('a transaction that one topic refuses names that one, not those that were not attempted', () => {
  const of = (topic: string, code: number) => ({ topic, partition: 0, code });
  const error = thrownBy(() => throwRefusal([of('scores', 55), of('letters', 29)]));
  expect(translateError(error, writing(['scores', 'letters']))).toMatchObject({
    kind: 'unauthorized',
    message: 'no right to WRITE topic letters (TOPIC_AUTHORIZATION_FAILED)',
  });
  expect(thrownBy(() => throwRefusal([of('scores', 0), of('letters', 0)]))).toBeUndefined();
});

test('a fenced producer is one by each of its codes', () => {
  for (const code of [47, 90]) expect(translateError(errorOf(code))).toMatchObject({ kind: 'fenced' });
});

test('what passes is tried again for about a second, the coordinator looked up anew; anything else is thrown at once', async () => {
  const NOT_COORDINATOR = 16;
  let [tries, forgotten] = [0, 0];
  const failing = (times: number, code: number) => () =>
    tries++ < times ? Promise.reject(errorOf(code)) : Promise.resolve('done');
  const options = { forget: () => (forgotten += 1), isOver: () => false };
  expect(await persist(failing(3, NOT_COORDINATOR), options)).toBe('done');
  expect([tries, forgotten]).toEqual([4, 3]);
  const begun = performance.now();
  await expect(persist(failing(1e9, NOT_COORDINATOR), options)).rejects.toMatchObject({ code: NOT_COORDINATOR });
  expect(performance.now() - begun).toBeGreaterThan(900);
  tries = 0;
  await expect(persist(failing(1, 29), options)).rejects.toMatchObject({ code: 29 });
  await expect(persist(failing(9, 16), { ...options, isOver: () => true })).rejects.toMatchObject({ code: 16 });
  expect(tries).toBe(2);
}); // prettier-ignore

test('a transaction that is being ended is waited for, as long as is said', async () => {
  let tries = 0;
  const work = () => (tries++ < 5 ? Promise.reject(errorOf(51)) : Promise.resolve('done'));
  expect(await afterLastTransaction(work, 5000)).toBe('done');
  const forever = () => Promise.reject(errorOf(51));
  await expect(afterLastTransaction(forever, 50)).rejects.toMatchObject({ code: 51 });
});

test('the checksum is the same in JavaScript', () => {
  const inJavaScript = createCrc32c(() => {
    throw new Error('no binary');
  });
  const parts = [Buffer.from('1234'), Buffer.alloc(0), Buffer.from('56789')];
  expect([crc32c(parts), inJavaScript(parts)]).toEqual([0xe3069283, 0xe3069283]);
});
