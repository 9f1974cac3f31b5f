import { expect, test } from 'vitest';
import { customerEventAvro } from '../schemas/customer/avro.ts';
import { BANK, BANK_AVRO } from '../schemas/customer/bank.fixture.ts';
import { topicNames } from '../schemas/topics.ts';
import { checkEventSubject } from './event-subject.ts';

const asCategory = (...names: string[]) => ({
  ...BANK,
  inputs: BANK.inputs.map((input) =>
    names.includes(input.name) ? { ...input, type: 'category' as const } : input,
  ),
});

/** What the check says with some versions in the registry, the newest first. */
async function fault(customer: typeof BANK, ...schemas: unknown[]): Promise<string | undefined> {
  const config = { registry: { subjectStrategy: 'topic' }, topics: { names: topicNames('t.') }, customer };
  const asked: string[] = [];
  const versions = (subject: string) => {
    asked.push(subject);
    return Promise.resolve(schemas.map((schema, i) => ({ version: schemas.length - i, schema })));
  };
  const said = await checkEventSubject(config as never, { versions }).then(
    () => undefined,
    (error: unknown) => {
      expect(error).toMatchObject({ code: 'SCHEMA_REFUSED' });
      return (error as Error).message;
    },
  );
  expect(asked).toEqual(['t.customer-events-value']);
  return said;
}

test('an edit that cannot read what was written is refused with version, field and what to do', async () => {
  const said = await fault(asCategory('age', 'balance'), { ...BANK_AVRO, fields: BANK_AVRO.fields.slice(0, 6) }, BANK_AVRO);
  expect(said).toContain('under t.customer-events-value: version 1: age was int and is string, balance was double and is string.');
  expect(said).toMatch(/retired: true.*append.*TOPICS_CUSTOMER_EVENTS/);
  const many = await fault(asCategory(...BANK.inputs.map(({ name }) => name)), BANK_AVRO);
  expect(many).toContain('numOfProducts was int and is string, and 3 more.');
}); // prettier-ignore

test('no versions, our own among others, those of other namespaces, and what is no schema are in no way', async () => {
  const longer = customerEventAvro({ inputs: BANK.inputs.map((input) => ({ ...input, max: 1e12 })) });
  expect(await fault(BANK)).toBeUndefined();
  expect(await fault(BANK, longer, BANK_AVRO)).toBeUndefined();
  expect(await fault(BANK, longer)).toContain('creditScore was long and is int');
  expect(await fault(BANK, { ...longer, namespace: 'com.bank' })).toBeUndefined();
  expect(await fault(BANK, 'string', null, { ...BANK_AVRO, fields: 5 })).toBeUndefined();
});
