/** Faulty customer schemas. Names that are reserved or mean two fields, and paths that cross. */
import { inputs, line, more, type SchemaCase } from './schema-case.ts';

export const NAME_CASES: readonly SchemaCase[] = [
  {
    kind: 'names',
    input: 'a name with a space, one with a digit first, one of 65 letters',
    text: inputs(
      '  - { name: my age, type: integer }',
      '  - { name: 1st, type: integer }',
      '  - { name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, type: integer }',
    ),
    back: [
      'line 4, column 13, inputs.1.name: a text: must be a name of 1 to 64 letters, digits and _, no digit first',
      'line 5, column 13, inputs.2.name: a text: must be a name of 1 to 64 letters, digits and _, no digit first',
      'line 6, column 13, inputs.3.name: a text of 65 characters: must be a name of 1 to 64 letters, digits and _, no digit first',
    ],
  },
  {
    kind: 'names',
    input: '`score`, `eventId` and `__proto__`',
    text: inputs(
      '  - { name: score, type: number }',
      '  - { name: eventId, type: number }',
      '  - { name: __proto__, type: number }',
    ),
    back: [
      'line 4, column 13, inputs.score.name: a reserved name: choose another one, and list the old one under aliases',
      'line 5, column 13, inputs.eventId.name: a reserved name: choose another one, and list the old one under aliases',
      'line 6, column 13, inputs.__proto__.name: a reserved name: choose another one, and list the old one under aliases',
    ],
  },
  {
    kind: 'names',
    input: 'a name twice',
    text: line(5, '  - { name: age, type: category }'),
    back: ['line 5, column 13, inputs.age.name: another input has this name: rename or remove one'],
  },
  {
    kind: 'names',
    input: 'an alias that is another input’s name',
    text: line(5, '  - { name: plan, type: category, aliases: [age] }'),
    back: [
      'line 5, column 45, inputs.plan.aliases.1: age has this name too (line 4; case and word separators do not count): remove one',
    ],
  },
  {
    kind: 'names',
    input: 'an input that is ignored too',
    text: more('ignored: [Plan]'),
    back: [
      'line 8, column 11, ignored.1: plan has this name too (line 5; case and word separators do not count): remove one',
    ],
  },
  {
    kind: 'names',
    input: 'a header twice in one field',
    text: line(4, '  - { name: age, type: integer, headers: [Years, Years] }'),
    back: ['line 4, column 50, inputs.age.headers.2: there twice in the list: remove one'],
  },
  {
    kind: 'names',
    input: 'the label’s header is an input’s',
    text: line(7, 'label: { name: Active, churned: [yes], stayed: [no] }'),
    back: [
      'line 7, column 16, label.name: active has this name too (line 6; case and word separators do not count): remove one',
    ],
  },
  {
    kind: 'paths',
    input: 'an empty key',
    text: line(4, '  - { name: age, type: integer, path: customer..age }'),
    back: [
      'line 4, column 39, inputs.age.path: must be 1 to 8 keys with points between them, as customer.address.country',
    ],
  },
  {
    kind: 'paths',
    input: 'two inputs in one place',
    text: inputs(
      '  - { name: age, type: integer, path: customer.age }',
      '  - { name: plan, type: category, path: customer.age }',
    ),
    back: [
      'line 5, column 41, inputs.plan.path: age (line 4) is there too: give each field a place of its own',
    ],
  },
  {
    kind: 'paths',
    input: 'one path leads through another’s value',
    text: inputs(
      '  - { name: age, type: integer, path: customer.age.years }',
      '  - { name: plan, type: category, path: customer.age }',
      '  - { name: active, type: boolean, path: client.active }',
    ),
    back: [
      'line 4, column 39, inputs.age.path: plan (line 5) is a value on the way: give each field a place of its own',
    ],
  },
  {
    kind: 'paths',
    input: 'a path through another field without a path',
    text: line(4, '  - { name: age, type: integer, path: plan.age }'),
    back: [
      'line 4, column 39, inputs.age.path: plan (line 5) is a value on the way: give each field a place of its own',
    ],
  },
  {
    kind: 'paths',
    input: '`__proto__` on the way',
    text: line(4, '  - { name: age, type: integer, path: a.__proto__.age }'),
    back: [
      'line 4, column 39, inputs.age.path: a name that JavaScript reserves (__proto__, constructor, prototype): rename it',
    ],
  },
];
