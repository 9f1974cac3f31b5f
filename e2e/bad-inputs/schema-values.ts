/** Faulty customer schemas. Types, bounds, levels, spellings and words for a missing value. */
import { inputs, line, type SchemaCase } from './schema-case.ts';

export const VALUE_CASES: readonly SchemaCase[] = [
  {
    kind: 'types',
    input: 'an unknown type, one in capitals',
    text: inputs('  - { name: age, type: int }', '  - { name: plan, type: Category }'),
    back: [
      'line 4, column 24, inputs.age.type: a text: must be number | integer | boolean | category; did you mean integer?',
      'line 5, column 25, inputs.plan.type: a text: must be number | integer | boolean | category; did you mean category?',
    ],
  },
  {
    kind: 'types',
    input: 'min above max',
    text: line(4, '  - { name: age, type: integer, min: 120, max: 18 }'),
    back: ['line 4, column 38, inputs.age.min: 120 is above max, 18: exchange them'],
  },
  {
    kind: 'types',
    input: 'half a year as an integer’s bound',
    text: line(4, '  - { name: age, type: integer, min: 17.5 }'),
    back: [
      'line 4, column 38, inputs.age.min: not a whole number: an integer has whole bounds; or make the type number',
    ],
  },
  {
    kind: 'types',
    input: 'bounds of a category, levels of a number',
    text: inputs(
      '  - { name: age, type: integer, levels: [1, 2], other: 3 }',
      '  - { name: plan, type: category, min: 1 }',
      '  - { name: active, type: boolean, commas: decimal }',
    ),
    back: [
      'line 4, column 41, inputs.age.levels: only a category has it: remove it, or change the type',
      'line 4, column 56, inputs.age.other: only a category has it: remove it, or change the type',
      'line 5, column 40, inputs.plan.min: only a number or an integer has it: remove it, or change the type',
      'line 6, column 44, inputs.active.commas: only a number or an integer has it: remove it, or change the type',
    ],
  },
  {
    kind: 'types',
    input: 'an infinite bound, a bound in quotes',
    text: line(4, '  - { name: age, type: integer, min: -.inf, max: "120" }'),
    back: [
      'line 4, column 38, inputs.age.min: -Infinity: must be a number, -3.4e38..3.4e38',
      'line 4, column 50, inputs.age.max: a text: must be a number, -3.4e38..3.4e38',
    ],
  },
  {
    kind: 'types',
    input: 'every input retired',
    text: inputs('  - { name: age, type: integer, retired: true }'),
    back: ['line 4, column 3, inputs: every input is retired: a model needs at least one'],
  },
  {
    kind: 'types',
    input: '`retired: yes`',
    text: line(4, '  - { name: age, type: integer, retired: yes }'),
    back: [
      'line 4, column 42, inputs.age.retired: a text: must be true or false (yes, no, on and off are texts in YAML 1.2)',
    ],
  },
  {
    kind: 'words',
    input: 'a spelling under both values',
    text: line(6, '  - { name: active, type: boolean, spellings: { true: [Y, J], false: [N, j] } }'),
    back: [
      'line 6, column 74, inputs.active.spellings.2: stands for another value already (line 6): remove it here',
    ],
  },
  {
    kind: 'words',
    input: '`no` for true',
    text: line(6, '  - { name: active, type: boolean, spellings: { true: [no] } }'),
    back: ['line 6, column 56, inputs.active.spellings.1: always stands for false: remove it here'],
  },
  {
    kind: 'words',
    input: 'spellings of `yes`',
    text: line(6, '  - { name: active, type: boolean, spellings: { yes: [Y] } }'),
    back: [
      'line 6, column 49, inputs.active.spellings: of a boolean, spellings are listed under true and false alone: rename or remove the key',
    ],
  },
  {
    kind: 'words',
    input: 'a missing word that is a value',
    text: line(6, '  - { name: active, type: boolean, missing: [NA, No] }'),
    back: [
      'line 6, column 50, inputs.active.missing.2: stands for a value of this input: it cannot mean that the value is missing: remove one',
    ],
  },
  {
    kind: 'words',
    input: 'levels without other, other without levels',
    text: inputs(
      '  - { name: plan, type: category, levels: [gold, silver] }',
      '  - { name: land, type: category, other: other }',
    ),
    back: [
      'line 4, column 43, inputs.plan.levels: levels need other, the level that every other one becomes: add it, as other: other',
      'line 5, column 42, inputs.land.other: other needs levels, the levels that are kept apart: add them, or remove other',
    ],
  },
  {
    kind: 'words',
    input: 'a level twice',
    text: line(5, '  - { name: plan, type: category, levels: [gold, silver, gold], other: other }'),
    back: ['line 5, column 58, inputs.plan.levels.3: there twice in the list: remove one'],
  },
  {
    kind: 'words',
    input: 'a level that is the spelling of another',
    text: line(
      5,
      '  - { name: plan, type: category, levels: [gold, silver], other: other, spellings: { gold: [silver], glod: [Gold] } }',
    ),
    back: [
      'line 5, column 93, inputs.plan.spellings.1: is a level itself: remove it here',
      'line 5, column 102, inputs.plan.spellings: spellings of what is none of the levels: add it to levels, or correct it',
    ],
  },
  {
    kind: 'words',
    input: '`1.0`, `007`, `null` and an empty text as levels',
    text: line(5, '  - { name: plan, type: category, levels: [1.0, 007, null, ""], other: other }'),
    back: [
      'line 5, column 44, inputs.plan.levels.1: a number that can be written in other ways: put it in quotes to mean this text',
      'line 5, column 49, inputs.plan.levels.2: a number that can be written in other ways: put it in quotes to mean this text',
      'line 5, column 54, inputs.plan.levels.3: null is no text: put it in quotes to mean the word',
      'line 5, column 60, inputs.plan.levels.4: an empty text: must be a text of 1 to 128 characters',
    ],
  },
  {
    kind: 'words',
    input: 'a level longer than the longest text',
    text: line(5, '  - { name: plan, type: category, maxLength: 4, levels: [gold, silver], other: other }'),
    back: [
      'line 5, column 64, inputs.plan.levels.2: longer than maxLength, 4: no event could hold it',
      'line 5, column 80, inputs.plan.other: longer than maxLength, 4: no event could hold it',
    ],
  },
  {
    kind: 'words',
    input: 'a list that is a text',
    text: line(6, '  - { name: active, type: boolean, missing: NA }'),
    back: [
      'line 6, column 45, inputs.active.missing: a text: must be a list of 0 to 100 words, as [one, another]',
    ],
  },
  {
    kind: 'words',
    input: 'a control character',
    text: line(6, '  - { name: active, type: boolean, missing: ["N\\0A"] }'),
    back: ['line 6, column 46, inputs.active.missing.1: a text with a control character: remove it'],
  },
];
