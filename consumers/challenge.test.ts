import { expect, test } from 'vitest';
import { readRelease } from '../models/store.io.ts';
import { BANK, customerSchema } from '../schemas/customer/bank.fixture.ts';
import { challenge, type ChallengeSettings } from './challenge.io.ts';

test('a challenger is not trained by a schema whose inputs are in another order than the champion’s', async () => {
  const stages: string[] = [];
  const settings = {
    customer: customerSchema({ inputs: BANK.inputs.toReversed() }),
    ...{ baseCsv: null, resampling: 'none', memoryBudgetBytes: 0 },
    fetchRelease: () => readRelease('models/champion'),
    onProgress: (stage: string) => stages.push(stage),
  } as unknown as ChallengeSettings;
  const rows = { train: [], holdout: [] };
  await expect(challenge(settings, [], rows, new AbortController().signal)).rejects.toThrow(
    /^input 1 of the customer schema churn is estimatedSalary, in model churn-\w+ it is creditScore: .* put creditScore back there/,
  );
  expect(stages).toEqual([]);
});
