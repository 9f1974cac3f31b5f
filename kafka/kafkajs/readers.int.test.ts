/** The reader of whole topics, on real Kafka. */
import { expect, test } from 'vitest';
import { createWorld, settled } from '../../e2e/world.ts';
import { BankChurnError } from '../../schemas/errors.ts';

test(
  'a record that cannot be read now comes again until it can, and what is behind it waits; one that never can is skipped',
  { timeout: 60_000 },
  async () => {
    const { kafka, config } = (await createWorld({ registry: false })).context;
    const topic = config.topics.names.churnModels;
    const producer = await kafka.openProducer();
    await producer.send(
      topic,
      ['first', 'later', 'never', 'last'].map((key) => ({ key, value: key })),
    );
    const tried: string[] = [];
    const told: string[] = [];
    const reader = await kafka.openReader(
      [topic],
      { group: `${config.group}.reader`, fromBeginning: true },
      (_, __, { key }) => {
        tried.push(String(key));
        if (String(key) === 'never') throw new Error('nobody can read this');
        if (String(key) === 'later' && tried.length < 5)
          throw new BankChurnError('REGISTRY_UNAVAILABLE', 'away');
      },
      (error) => told.push((error as Error).message),
    );
    await settled(() => tried.includes('last'), 'the last record', 30_000, 500);
    await reader.close();
    await producer.close();
    expect(tried).toEqual(['first', 'later', 'later', 'later', 'later', 'never', 'last']);
    expect(told).toEqual(['away', 'away', 'away', 'nobody can read this']);
  },
);
