import { expect, test } from 'vitest';
import { credentialsIn, withoutCredentials } from './address.ts';

test.each([
  ['https://me:secret@host:8081/path', 'https://host:8081/path'],
  ['http://secret@host', 'http://host'],
  [
    'GET http://me:sec@ret@host/ and "https://me:secret@host" fail',
    'GET http://host/ and "https://host" fail',
  ],
  ['http://me:se/c?r#et@host/x', 'http://host/x'],
  ['SASL://me:secret@host', 'SASL://host'],
  ['http://host/path', 'http://host/path'],
  ['me@example.org wrote', 'me@example.org wrote'],
])('%s is shown as %s', (text, shown) => {
  expect(withoutCredentials(text)).toBe(shown);
});

test('credentials are read as the address escapes them', () => {
  expect(credentialsIn('http://me:p%40ss%3a@host')).toEqual({ username: 'me', password: 'p@ss:' });
  expect(credentialsIn('http://me:100%@host')).toEqual({ username: 'me', password: '100%' });
  expect(credentialsIn('http://token@host')).toEqual({ username: 'token', password: '' });
  expect(credentialsIn('http://host/')).toBeUndefined();
});
