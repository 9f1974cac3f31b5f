import { defineConfig } from 'vitest/config';

/** They bring their own brokers and need both cores: after all others, one at a time. */
const CHAOS = 'e2e/chaos/**/*.test.ts';
const NEVER = ['node_modules/**', 'dist/**', '.data/**'];

export default defineConfig({
  test: {
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.bench.ts', '*.config.ts'],
    },
    projects: [
      {
        test: {
          name: 'suite',
          include: ['**/*.test.ts'],
          exclude: [...NEVER, CHAOS],
          globalSetup: ['e2e/kafka.global.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'chaos',
          include: [CHAOS],
          exclude: NEVER,
          pool: 'forks',
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
