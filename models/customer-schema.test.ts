import { describe, expect, test } from 'vitest';
import { BANK, customerSchema } from '../schemas/customer/bank.fixture.ts';
import type { CustomerInput, CustomerSchema } from '../schemas/customer/schema.ts';
import { manifestFaults } from './check-manifest.ts';
import { copyOfSchema } from './customer-copy.ts';
import { checkInputs, inputFaults, orderFault, schemaOfModel } from './customer-schema.ts';
import { readManifest } from './log-manifests.ts';
import type { FeatureSpec, Manifest } from './manifest.ts';
import { readRelease } from './store.io.ts';
import { tinyRelease } from './tiny-release.fixture.ts';

/** As earlier versions made it. */
const champion: Manifest = { ...(await readRelease('models/champion')).manifest, customer: undefined };
const names = champion.features.map(({ name }) => name);
const copied: Manifest = { ...champion, customer: copyOfSchema(BANK, names) };

const TIER: CustomerInput = {
  ...BANK.inputs[1]!,
  name: 'loyaltyTier',
  aliases: ['Tier'],
  path: ['bank', 'tier'],
  missing: ['none'],
  levels: ['gold', 'silver'],
  other: 'bronze',
  spellings: { gold: ['Au'] },
  doc: 'of the programme',
};
const WITH_TIER = customerSchema({ inputs: [...BANK.inputs, TIER] });
const tierFeature: FeatureSpec = { name: 'loyaltyTier', kind: 'categorical', categories: ['gold', 'silver'] };

/** A manifest that says nothing but its features and the schema they were trained by. */
const trainedOn = (schema: CustomerSchema, features: FeatureSpec[] = champion.features): Manifest => ({
  ...champion,
  features,
  customer: copyOfSchema(schema, features.map(({ name }) => name)),
}); // prettier-ignore

describe('the copy', () => {
  test('is read again as it was written, and fits its manifest', () => {
    const manifest = readManifest(JSON.stringify(copied)) as Manifest;
    expect(manifest).toEqual(copied);
    expect([...manifestFaults(manifest)]).toEqual([]);
  });

  test('holds all that shapes a score, and nothing else', () => {
    const copy = copyOfSchema(WITH_TIER, ['creditScore', 'loyaltyTier']);
    expect(copy.inputs).toEqual([
      { name: 'creditScore', type: 'integer', aliases: ['CreditScore'], min: 0, max: 1000 },
      {
        name: 'loyaltyTier',
        ...{ type: 'category', aliases: ['Tier'], headers: ['Country'], path: ['bank', 'tier'] },
        ...{ missing: ['none'], levels: ['gold', 'silver'], other: 'bronze', spellings: { gold: ['Au'] } },
        maxLength: TIER.maxLength,
      },
    ]);
    expect(copy.eventId).toEqual({ aliases: ['EventId'] });
    expect(copy.order).toEqual([...names, 'loyaltyTier']);
    expect(copied.customer?.order).toBeUndefined();
  });

  test('gives the schema that it was made of', () => {
    const manifest = trainedOn(WITH_TIER, [...champion.features, tierFeature]);
    const { inputs, eventId, customerId, occurredAt } = schemaOfModel(manifest, BANK);
    const undocumented = WITH_TIER.inputs.map((input) => ({ ...input, doc: undefined }));
    expect(inputs).toEqual(undocumented);
    expect({ eventId, customerId, occurredAt }).toEqual({
      eventId: BANK.eventId,
      customerId: BANK.customerId,
      occurredAt: BANK.occurredAt,
    });
  });

  test('has one sha256 for one content, whatever the order of its keys', () => {
    const { customer } = copied;
    const turned = Object.fromEntries(Object.entries(customer!).reverse());
    const manifest = { ...copied, customer: turned } as Manifest;
    expect([...manifestFaults(manifest)]).toEqual([]);
  });
});

type Change = (manifest: Manifest) => unknown;
const input = (manifest: Manifest, at = 0) => manifest.customer!.inputs[at]!;
const resigned = (manifest: Manifest): Manifest => ({
  ...manifest,
  customer: { ...manifest.customer!, sha256: sha256Of(manifest) },
});
const sha256Of = (manifest: Manifest): string =>
  /customer has sha256 (\w+)/.exec([...manifestFaults(manifest)].join())?.[1] ?? manifest.customer!.sha256;

test.each<[what: string, change: Change, fault: string]>([
  ['an input less', (m) => m.customer!.inputs.pop(), 'customer.inputs are creditScore, geography'],
  ['another name', (m) => (input(m).name = 'score'), 'customer.inputs are score, geography'],
  ['inputs in another order', (m) => m.customer!.inputs.reverse(), 'customer.inputs are estimatedSalary'],
  ['another kind', (m) => (input(m).type = 'category'), 'customer.inputs.creditScore.type is category, the feature is numeric'],
  ['a number for a category', (m) => (input(m, 1).type = 'integer'), 'customer.inputs.geography.type is integer, the feature is categorical'],
  ['levels and no other', (m) => (input(m, 1).levels = ['x']), 'customer.inputs.geography has levels without other'],
  ['an order with a name twice', (m) => (m.customer!.order = [...names, 'age']), 'customer.order has age twice'],
  ['another order', (m) => (m.customer!.order = [...names].reverse()), 'customer.order is not that of customer.inputs'],
  ['an order without an input', (m) => (m.customer!.order = names.slice(1)), 'customer.order is not that of customer.inputs'],
])('a copy with %s is refused', (_what, change, fault) => {
  const manifest = structuredClone(copied);
  change(manifest);
  const found = [...manifestFaults(resigned(manifest))];
  expect(found.map((sentence) => sentence.slice(0, fault.length))).toContain(fault);
}); // prettier-ignore

test('a copy that was changed is refused by its sha256', () => {
  const manifest = structuredClone(copied);
  input(manifest).max = 2000;
  expect([...manifestFaults(manifest)][0]).toMatch(/^customer has sha256 \w{64}, customer.sha256 is \w{64}$/);
});

test('a copy with a part that this program does not know is refused: it may shape scores', () => {
  const customer = { ...copied.customer!, inputs: copied.customer!.inputs.map((one) => ({ ...one, unit: 'k' })) };
  expect(readManifest(JSON.stringify({ ...copied, customer }))).toMatch(/unit.*customer\.inputs/);
}); // prettier-ignore

describe('by which schema events are read', () => {
  test('by the copy, whatever the configured schema says now', () => {
    const changed = customerSchema({ inputs: BANK.inputs.map((one) => ({ ...one, max: 1, aliases: [] })) });
    expect(schemaOfModel(copied, changed).inputs[0]).toMatchObject({ max: 1000, aliases: ['CreditScore'] });
  });

  test('without a copy by the configured schema, without the inputs that the model does not use', () => {
    const { inputs } = schemaOfModel(tinyRelease().manifest, WITH_TIER);
    expect(inputs).toEqual([BANK.inputs[3], BANK.inputs[8]]);
  });
});

describe('what a model needs', () => {
  test.each([
    ['the schema it was trained by', copied, BANK],
    ['one with more inputs', copied, WITH_TIER],
    ['one of the same inputs, for a release without a copy', champion, BANK],
    ['one in which its inputs are retired', copied, customerSchema({ inputs: BANK.inputs.map((one) => ({ ...one, isRetired: true })) })],
  ])('is in %s', (_what, manifest, schema) => {
    expect([...inputFaults(manifest, schema)]).toEqual([]);
  }); // prettier-ignore

  test('an input that the schema lacks is refused by name, with what to do', () => {
    const manifest = trainedOn(WITH_TIER, [...champion.features, tierFeature]);
    expect(() => checkInputs(manifest, BANK)).toThrow(
      /release churn-\w+ cannot serve: it needs the input loyaltyTier, which the customer schema churn lacks: put its entry back .* or activate a model/,
    );
    expect(() => checkInputs({ ...manifest, customer: undefined }, BANK)).toThrow(/the input loyaltyTier/);
  });

  test.each<[string, Manifest, CustomerInput['type'], RegExp]>([
    ['a number as whole number', copied, 'integer', /balance as number, in the customer schema churn it is integer/],
    ['a category for a number, without a copy', champion, 'category', /balance as number, .* it is category/],
  ])('an input of another type is refused: %s', (_what, manifest, type, message) => {
    const inputs = BANK.inputs.map((one) => (one.name === 'balance' ? { ...one, type } : one));
    expect(() => checkInputs(manifest, customerSchema({ inputs }))).toThrow(message);
  }); // prettier-ignore
});

describe('the order of inputs', () => {
  const inputs = BANK.inputs;
  const retired = { ...inputs[2]!, isRetired: true };

  test.each<[string, Manifest, CustomerSchema]>([
    ['is that of the model', copied, BANK],
    ['has one more at the end', copied, WITH_TIER],
    ['has one more at the end, for a release without a copy', champion, WITH_TIER],
    ['has one retired', copied, customerSchema({ inputs: inputs.with(2, retired) })],
    [
      'has one that is used again',
      trainedOn(customerSchema({ inputs: inputs.with(2, retired) }), champion.features.filter(({ name }) => name !== 'gender')),
      BANK,
    ],
    ['is of a schema of another name', copied, customerSchema({ name: 'telco', inputs: [TIER] })],
  ])('may serve for a new model: it %s', (_what, manifest, schema) => {
    expect(orderFault(manifest, schema)).toBeUndefined();
  }); // prettier-ignore

  test.each<[string, Manifest, CustomerSchema, RegExp]>([
    [
      'a new one in front',
      copied,
      customerSchema({ inputs: [TIER, ...inputs] }),
      /^input 1 of the customer schema churn is loyaltyTier, in model churn-\w+ it is creditScore: .* put creditScore back there, and new inputs at the end, or give the schema a name of its own/,
    ],
    [
      'two that changed places, without a copy',
      champion,
      customerSchema({ inputs: inputs.with(3, inputs[4]!).with(4, inputs[3]!) }),
      /^input 4 of the customer schema churn is tenure, in model churn-\w+ it is age/,
    ],
    [
      'one that is gone',
      copied,
      customerSchema({ inputs: inputs.slice(0, -1) }),
      /^input 10 .* is not there, .* it is estimatedSalary, which the schema lacks: .* "retired: true"/,
    ],
    [
      'one that was not used and is gone',
      trainedOn(WITH_TIER),
      BANK,
      /^input 11 .* is not there, in model churn-\w+ it is loyaltyTier/,
    ],
  ])('is refused: %s', (_what, manifest, schema, message) => {
    expect(orderFault(manifest, schema)).toMatch(message);
  });
});

test('the shipped schema keeps the order of the shipped model: append new inputs at the end, retire old ones', () => {
  expect(orderFault(champion, BANK)).toBeUndefined();
  expect(BANK.inputs.slice(0, names.length).map(({ name }) => name)).toEqual(names);
});
