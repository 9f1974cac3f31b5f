import { once } from 'node:events';
import { expect, test } from 'vitest';

test('after the library the patches refuse to be loaded', async () => {
  await import('kafkajs');
  await expect(import('./install.io.ts')).rejects.toThrow('kafkajs was loaded before its patches');
});

test('the warning of the library’s negative timeouts is silent, and no other', async () => {
  const { silenceTimeoutWarning } = await import('./timeout-warning.io.ts');
  silenceTimeoutWarning();
  const warned = once(process, 'warning') as Promise<[Error]>;
  process.emitWarning('-1 is a negative number', 'TimeoutNegativeWarning');
  process.emitWarning('planted', 'PlantedWarning');
  expect((await warned)[0].name).toBe('PlantedWarning');
});
