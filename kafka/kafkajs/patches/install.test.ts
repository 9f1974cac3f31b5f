import { expect, test } from 'vitest';

test('after the library the patches refuse to be loaded', async () => {
  await import('kafkajs');
  await expect(import('./install.io.ts')).rejects.toThrow('kafkajs was loaded before its patches');
});
