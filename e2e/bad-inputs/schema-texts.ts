/** Faulty customer schemas. Files that are no YAML or no schema, and keys that there are not. */
import { BASE, line, more, type SchemaCase } from './schema-case.ts';

export const TEXT_CASES: readonly SchemaCase[] = [
  {
    kind: 'text',
    input: 'nothing',
    text: '',
    back: [
      'cards.yaml is no customer schema: it has none of the keys version, name, eventId, customerId, occurredAt, rowNumber, inputs, label, slices, gate, ignored: is customerSchema (CUSTOMER_SCHEMA) the right file?',
    ],
  },
  {
    kind: 'text',
    input: 'a list',
    text: '- a\n- b\n',
    back: [
      'cards.yaml is no customer schema: it has none of the keys version, name, eventId, customerId, occurredAt, rowNumber, inputs, label, slices, gate, ignored: is customerSchema (CUSTOMER_SCHEMA) the right file?',
    ],
  },
  {
    kind: 'text',
    input: 'another program’s file',
    text: 'services: { db: { image: postgres } }\n',
    back: [
      'cards.yaml is no customer schema: it has none of the keys version, name, eventId, customerId, occurredAt, rowNumber, inputs, label, slices, gate, ignored: is customerSchema (CUSTOMER_SCHEMA) the right file?',
    ],
  },
  {
    kind: 'text',
    input: 'a bracket that is never closed, and a quote',
    text: 'version: 1\ninputs: [\n  { name: "age }\n',
    back: ['line 4, column 1: a closing quote, bracket, comma or colon is missing'],
  },
  {
    kind: 'text',
    input: 'a tab before a key',
    text: 'version: 1\nlabel:\n\tname: Left\n',
    back: ['line 3, column 1: a tab indents the line: use spaces'],
  },
  {
    kind: 'text',
    input: 'a second document',
    text: more('---', 'version: 1'),
    back: ['line 8, column 1: a second document begins (---): one file holds one schema'],
  },
  {
    kind: 'text',
    input: '`%YAML 1.1`',
    text: '%YAML 1.1\n---\n' + BASE,
    back: ['line 1, column 1: YAML 1.2 is read: remove the line %YAML'],
  },
  {
    kind: 'text',
    input: 'more than 1 MiB',
    text: `#${'x'.repeat(1_100_000)}\n${BASE}`,
    back: ['line 1, column 1: the file has more than 1 MiB: is it the right one?'],
  },
  {
    kind: 'text',
    input: 'UTF-16',
    text: 'v\0e\0r\0',
    back: ['line 1, column 1: not a text in UTF-8: save the file as UTF-8'],
  },
  {
    kind: 'text',
    input: '100,000 lists in each other',
    text: '['.repeat(100_000),
    back: ['line 1, column 1: values lie too deep within each other: it is no customer schema'],
  },
  {
    kind: 'text',
    input: 'an alias for a list of aliases',
    text: more('ignored: &a [x, y]', 'rowNumber: *a', 'slices: [*a, *a, *a]'),
    back: [
      'line 9, column 12, rowNumber: an alias (*name): they are not read, write the value itself',
      'line 10, column 10, slices.1: an alias (*name): they are not read, write the value itself',
      'line 10, column 14, slices.2: an alias (*name): they are not read, write the value itself',
      'line 10, column 18, slices.3: an alias (*name): they are not read, write the value itself',
    ],
  },
  {
    kind: 'text',
    input: 'a tag',
    text: more('ignored: !secret [x]'),
    back: ['line 8, column 10: a tag (!name) is not known: remove it'],
  },
  {
    kind: 'keys',
    input: '`typ` for `type`',
    text: line(4, '  - { name: age, typ: integer }'),
    back: [
      'line 4, column 5, inputs.age.type: missing: add it: number | integer | boolean | category',
      'line 4, column 18, inputs.age.typ: no such key: did you mean type?',
    ],
  },
  {
    kind: 'keys',
    input: '`Minimum` and `dflt`',
    text: line(4, '  - { name: age, type: integer, Minimum: 1, dflt: 3 }'),
    back: [
      'line 4, column 33, inputs.age.Minimum: no such key: did you mean min?',
      'line 4, column 45, inputs.age.dflt: no such key: known are name, type, aliases, headers, path, doc, min, max, maxLength, spellings, missing, levels, other, commas, retired',
    ],
  },
  {
    kind: 'keys',
    input: '`slice` for `slices`',
    text: more('slice: [plan]'),
    back: ['line 8, column 1, slice: no such key: did you mean slices?'],
  },
  {
    kind: 'keys',
    input: 'a key twice',
    text: more('name: others'),
    back: ['line 8, column 1: a key is there twice: remove one'],
  },
  {
    kind: 'keys',
    input: 'no inputs, no version',
    text: 'name: cards\n',
    back: [
      'line 1, column 1, version: missing: add it: 1',
      'line 1, column 1, inputs: missing: add it: a list of 1 to 500 inputs',
    ],
  },
  {
    kind: 'keys',
    input: 'a key without a value',
    text: more('gate:'),
    back: ['line 8, column 1, gate: nothing is written: must be a mapping, as { minAucGain: 0.05 }'],
  },
  {
    kind: 'keys',
    input: 'a value that lost its key',
    text: more('me:hunter2@host: 1'),
    back: [
      'line 8, column 1, a key that is not shown: no such key: known are version, name, eventId, customerId, occurredAt, rowNumber, inputs, label, slices, gate, ignored',
    ],
  },
  {
    kind: 'keys',
    input: 'version 2',
    text: line(1, 'version: 2'),
    back: ['line 1, column 10, version: 2: must be 1'],
  },
  {
    kind: 'keys',
    input: 'a name that is no folder',
    text: line(2, 'name: ../cards'),
    back: ['line 2, column 7, name: a text: must be 1 to 64 letters, digits, - and _'],
  },
  {
    kind: 'keys',
    input: 'the name of simulated customers',
    text: line(2, 'name: Simulated'),
    back: [
      'line 2, column 7, name: models of simulated customers and of the stream are called so: take another name',
    ],
  },
];
