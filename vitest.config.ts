/**
 * Tests in three layers. A test's file name says which one it is in, and nothing else does:
 *
 * - `x.test.ts`, project `unit`: in memory or with files and small programs of its own. No Kafka, no container, no process
 *   of the service. `npx vitest run drift/bins` takes about a second.
 * - `x.int.test.ts`, project `integration`: with Kafka (`inject('kafka')`, one broker for all, started once and only
 *   if such a file runs), a container, Python or another Node.
 * - `x.sys.test.ts`, project `system`: the whole system under load or faults. It brings its own brokers and needs both
 *   cores, so it runs after all others, one file at a time.
 *
 * Put a test into the first layer that can show what it claims. `npx vitest run --project unit` runs one layer.
 */
import { defineConfig } from 'vitest/config';

const INTEGRATION = '**/*.int.test.ts';
const SYSTEM = '**/*.sys.test.ts';
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
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...NEVER, INTEGRATION, SYSTEM],
          pool: 'forks',
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: [INTEGRATION],
          exclude: NEVER,
          globalSetup: ['e2e/kafka.global.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'system',
          include: [SYSTEM],
          exclude: NEVER,
          pool: 'forks',
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
