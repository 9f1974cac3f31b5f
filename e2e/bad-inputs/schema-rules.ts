/** Faulty customer schemas. Label, slices, gate and limits. */
import { inputs, line, more, numbered, type SchemaCase } from './schema-case.ts';

export const RULE_CASES: readonly SchemaCase[] = [
  {
    kind: 'label',
    input: 'a word that means churned and stayed',
    text: line(7, 'label: { name: Left, churned: [Yes, 1], stayed: [YES, 0] }'),
    back: ['line 7, column 50, label.stayed.1: churned has this word too (line 7): remove one'],
  },
  {
    kind: 'label',
    input: 'no word for stayed',
    text: line(7, 'label: { name: Left, churned: [yes], stayed: [] }'),
    back: ['line 7, column 46, label.stayed: a list of 0: must be a list of 1 to 100 words'],
  },
  {
    kind: 'label',
    input: 'no churned, no name',
    text: line(7, 'label: { stayed: [no] }'),
    back: [
      'line 7, column 8, label.name: missing: add it: a text of 1 to 256 characters',
      'line 7, column 8, label.churned: missing: add it: a list of 1 to 100 words',
    ],
  },
  {
    kind: 'slices',
    input: 'a misspelt input, an unknown one, one twice',
    text: more('slices: [paln, country, plan, plan]'),
    back: [
      'line 8, column 10, slices.1: no input has this name: did you mean plan?',
      'line 8, column 16, slices.2: no input has this name: name one of the inputs',
      'line 8, column 31, slices.4: another slice has this input: remove one',
    ],
  },
  {
    kind: 'slices',
    input: 'a number without bounds, a category with bounds',
    text: more('slices: [age, { input: plan, bounds: [1] }]'),
    back: [
      'line 8, column 10, slices.1: a number needs bounds: write { input: age, bounds: [10, 20] }',
      'line 8, column 38, slices.2.bounds: the input is a category: only numbers have bounds, remove them',
    ],
  },
  {
    kind: 'slices',
    input: 'bounds that descend',
    text: more('slices: [{ input: age, bounds: [50, 30, 30] }]'),
    back: [
      'line 8, column 37, slices.1.bounds.2: 30 is not above the bound before it: order them, smallest first',
      'line 8, column 41, slices.1.bounds.3: 30 is not above the bound before it: order them, smallest first',
    ],
  },
  {
    kind: 'gate',
    input: 'numbers out of range, as percent',
    text: more('gate: { minWeightedF1: 80, minAucGain: 0.6, minLogLossGain: -1 }'),
    back: [
      'line 8, column 24, gate.minWeightedF1: 80: must be a number, 0..1',
      'line 8, column 40, gate.minAucGain: 0.6: must be a number, 0..0.5',
      'line 8, column 61, gate.minLogLossGain: -1: must be a number, 0..1',
    ],
  },
  {
    kind: 'many',
    input: '501 inputs',
    text: inputs(...Array.from({ length: 501 }, (_, i) => `  - { name: x${String(i)}, type: number }`)),
    back: ['line 4, column 3, inputs: a list of 501: must be a list of 1 to 500 inputs'],
  },
  {
    kind: 'many',
    input: '1,001 levels',
    text: line(5, `  - { name: plan, type: category, other: o, levels: [${numbered('l', 1001)}] }`),
    back: ['line 5, column 53, inputs.plan.levels: a list of 1001: must be a list of 1 to 1000 levels'],
  },
  {
    kind: 'many',
    input: '101 spellings',
    text: line(
      6,
      `  - { name: active, type: boolean, spellings: { true: [${numbered('t', 60)}], false: [${numbered('f', 41)}] } }`,
    ),
    back: ['line 6, column 47, inputs.active.spellings: 101 words: at most 100 are allowed'],
  },
];
