import { expect, test } from 'vitest';
import { oneReset } from './connection-reset.ts';

test.each([
  ['read ECONNRESET', 'the connection was reset'],
  ['Connection error: write EPIPE', 'Connection error: the connection was reset'],
  ['http://r: connect ECONNRESET 127.0.0.1:8081; x', 'http://r: the connection was reset; x'],
  ['socket hang up', 'the connection was reset'],
  ['connect ECONNREFUSED 127.0.0.1:8081', 'connect ECONNREFUSED 127.0.0.1:8081'],
])('%s', (message, wording) => {
  expect(oneReset(message)).toBe(wording);
});
