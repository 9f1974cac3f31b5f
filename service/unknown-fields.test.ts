import { expect, test } from 'vitest';
import { createMetrics } from './metrics.io.ts';
import { createUnknownFields } from './unknown-fields.ts';

test('fields that nobody reads are counted by name, and each is named once; of too many, the rest is other', async () => {
  const metrics = createMetrics();
  const told: string[] = [];
  const warn = (context: object, text: string): unknown => told.push(`${JSON.stringify(context)} ${text}`);
  const count = createUnknownFields(metrics, { warn } as never, ['creditScore', 'age']);
  count({ unknownFields: new Map([['credit_score', 3], ['segment', 1]]) }); // prettier-ignore
  count({ unknownFields: new Map([['credit_score', 2]]) });
  count({});
  expect(told).toEqual([
    '{"field":"credit_score"} events have a field that is not read: is it creditScore?',
    '{"field":"segment"} events have a field that is not read',
  ]);
  count({ unknownFields: new Map(Array.from({ length: 30 }, (_, i) => [`x${String(i)}`, 1])) });
  const text = await metrics.registry.getSingleMetricAsString('churn_unknown_fields_total');
  expect(text).toContain('{field="credit_score"} 5');
  expect(text).toContain('{field="other"} 12');
  expect(told.length).toBe(21);
  metrics.close();
});
