/** The keys of a customer schema's file: one list, for the parser and for docs/customer-schema.md. */
import { MAX_TEXT } from '../checks.ts';
import { entriesOf, listOf, section, texts, type Keys, type SchemaKey, type Section } from './collections.ts';
import { choice, flag, integer, number, text, type Found, type Kind } from './kinds.ts';
import type { TreeNode } from './yaml-tree.ts';

export const MAX_INPUTS = 500;
export const MAX_LEVELS = 1000;
/** Words of one input's `spellings`, in all. */
export const MAX_SPELLINGS = 100;
const MAX_NAME = 64;
/** CSV headers may be long. */
const MAX_HEADER = 256;
const MAX_SLICES = 20;
const MAX_PATH = 8;
/** The largest number of a float32 model. */
const MAX_FLOAT32 = 3.4028234663852886e38;

const AVRO_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

const key = <T>(kind: Kind<T>, initial: string | undefined, sentence: string): SchemaKey<T> => ({
  kind,
  initial,
  sentence,
});

const NONE = 'none';
const header = text(MAX_HEADER);
const headers = texts(header, 0, 100, 'names');
const word = text(MAX_TEXT);
const words = texts(word, 0, MAX_SPELLINGS, 'words');
const wordsOrEmpty = texts(
  text(MAX_TEXT, `a text of at most ${String(MAX_TEXT)} characters`, /(?:)/),
  0,
  MAX_SPELLINGS,
  'words',
);
const bound = number(-MAX_FLOAT32, MAX_FLOAT32, 'a number, -3.4e38..3.4e38');
const name = text(
  MAX_NAME,
  `a name of 1 to ${String(MAX_NAME)} letters, digits and _, no digit first`,
  AVRO_NAME,
);

const path: Kind<readonly string[]> = {
  allowed: `1 to ${String(MAX_PATH)} keys with points between them, as customer.address.country`,
  read: (node, label, report) => {
    const joined = text(MAX_HEADER, path.allowed).read(node, label, report);
    const keys = joined?.split('.');
    if (keys === undefined || (keys.length <= MAX_PATH && !keys.includes(''))) return keys;
    report({ place: node.place, key: label, what: `must be ${path.allowed}` });
    return undefined;
  },
};

/** What a value's spellings are listed under. */
export interface Spelling {
  readonly value: Found<string>;
  readonly words: readonly Found<string>[];
}

const spellings: Kind<readonly Spelling[]> = {
  allowed: 'values with a list of words each, as { true: [Y], false: [N] }',
  read: (node, label, report) => {
    const entries = entriesOf(node, label, report, spellings.allowed);
    return entries?.flatMap(({ key: value, place, value: list }) => {
      if (value === undefined || value === '') {
        report({ place, key: label, what: `a key that is no text: must be ${spellings.allowed}` });
        return [];
      }
      const read = words.read(list, label, report);
      return read === undefined ? [] : [{ value: { value, place, key: label }, words: read }];
    });
  },
};

const FIELD_NAMES = {
  aliases: key(
    headers,
    '[]',
    'Further names, in JSON (letter by letter) and in CSV headers (any case and word separators).',
  ),
  headers: key(headers, '[]', 'Further names in CSV headers alone.'),
};
const PATH = {
  path: key(
    path,
    NONE,
    'Where the value is in a nested JSON event: keys from the outermost object inwards. Without it: outermost, under its names.',
  ),
};

export const FIELD_KEYS = { ...FIELD_NAMES, ...PATH } satisfies Keys;

export const INPUT_KEYS = {
  name: key(name, undefined, 'Its name in events, scores and models.'),
  type: key(choice(['number', 'integer', 'boolean', 'category']), undefined, 'What it holds.'),
  ...FIELD_NAMES,
  ...PATH,
  doc: key(text(500), NONE, 'One sentence, with the unit, for documents.'),
  min: key(bound, NONE, 'A number below it is impossible: the event is refused.'),
  max: key(bound, NONE, 'A number above it is impossible: the event is refused.'),
  maxLength: key(
    integer(1, MAX_TEXT),
    String(MAX_TEXT),
    'Characters of a category at most: a longer one is refused.',
  ),
  spellings: key(
    spellings,
    '{}',
    'Words, by the value they stand for: `true` and `false` of a boolean, a level of a category.',
  ),
  missing: key(
    wordsOrEmpty,
    '[]',
    "Words for a missing value, in any case. Null and an empty CSV cell are missing anyway; '' is an empty JSON text.",
  ),
  levels: key(
    texts(word, 1, MAX_LEVELS, 'levels'),
    'any',
    'The levels of a category that are kept apart. Needs `other`.',
  ),
  other: key(word, NONE, 'What every other level becomes. Needs `levels`.'),
  commas: key(
    choice(['thousands', 'decimal']),
    'as the file shows',
    'What a comma means in a number of a CSV cell.',
  ),
  retired: key(flag, 'false', 'No model is trained on it any more; events may still hold it.'),
} satisfies Keys;

export const LABEL_KEYS = {
  name: key(header, undefined, 'The CSV header of the column.'),
  ...FIELD_NAMES,
  churned: key(
    texts(word, 1, MAX_SPELLINGS, 'words'),
    undefined,
    'Words for a customer who left, in any case.',
  ),
  stayed: key(
    texts(word, 1, MAX_SPELLINGS, 'words'),
    undefined,
    'Words for a customer who stayed, in any case.',
  ),
} satisfies Keys;

export const SLICE_KEYS = {
  input: key(text(MAX_NAME), undefined, 'The input by which customers are grouped.'),
  bounds: key(
    listOf(bound, 0, 20, 'numbers'),
    '[]',
    'Of a number: where its bands begin, ascending: [30, 50] gives below 30, 30 to 50, from 50.',
  ),
} satisfies Keys;

export const GATE_KEYS = {
  minWeightedF1: key(number(0, 1, 'a number, 0..1'), NONE, 'Weighted F1 on the holdout must be above it.'),
  minAucGain: key(
    number(0, 0.5, 'a number, 0..0.5'),
    NONE,
    'ROC AUC must be above 0.5, the constant predictor’s, by at least this, and by more than chance; 0.05 if the gate asks for nothing.',
  ),
  minLogLossGain: key(
    number(0, 1, 'a number, 0..1'),
    NONE,
    'The log loss must be below that of the constant predictor by at least this; 0.002 if the gate asks for nothing.',
  ),
} satisfies Keys;

export type SliceSection = Section<typeof SLICE_KEYS>;
const sliceKeys = section(SLICE_KEYS, 'the name of an input, or { input: …, bounds: […] }');

/** A mere name is a slice without bounds. */
const slice: Kind<SliceSection> = {
  allowed: sliceKeys.allowed,
  read: (node, label, report) => {
    if (node.kind !== 'scalar') return sliceKeys.read(node, label, report);
    const value = text(MAX_NAME, sliceKeys.allowed).read(node, label, report);
    return value === undefined
      ? undefined
      : { input: { value, place: node.place, key: label }, bounds: undefined };
  },
};

/** Problems of an input are reported under its name, if it has one. */
function labelOfInput(node: TreeNode, index: number): string {
  const entry = node.kind === 'map' ? node.entries.find((one) => one.key === 'name') : undefined;
  const called = entry?.value.kind === 'scalar' ? entry.value.text : '';
  return AVRO_NAME.test(called) ? called : String(index + 1);
}

const field = section(FIELD_KEYS, 'a mapping, as { aliases: [Id] }');

export const FILE_KEYS = {
  version: key(integer(1, 1), undefined, 'Of the format: 1.'),
  name: key(
    text(MAX_NAME, `1 to ${String(MAX_NAME)} letters, digits, - and _`, /^[A-Za-z0-9][A-Za-z0-9_-]*$/),
    undefined,
    'What the schema describes; folders of models and data sets are named after it.',
  ),
  eventId: key(field, '{}', 'Names of the event’s id. The keys are listed below.'),
  customerId: key(field, '{}', 'Names of the customer’s id.'),
  occurredAt: key(field, '{}', 'Names of the event’s time.'),
  rowNumber: key(headers, '[]', 'CSV headers of the row’s number; without one, rows are counted.'),
  inputs: key(
    listOf(
      section(INPUT_KEYS, 'a mapping, as { name: age, type: integer }'),
      1,
      MAX_INPUTS,
      'inputs',
      labelOfInput,
    ),
    undefined,
    'What models are trained on. The order is part of a model’s bytes: append only.',
  ),
  label: key(
    section(LABEL_KEYS, 'a mapping, as { name: Churn, churned: [Yes], stayed: [No] }'),
    NONE,
    'The CSV column that says whether a customer churned; training needs it.',
  ),
  slices: key(listOf(slice, 0, MAX_SLICES, 'slices'), '[]', 'How the fairness report groups customers.'),
  gate: key(
    section(GATE_KEYS, 'a mapping, as { minAucGain: 0.05 }'),
    '{}',
    'What a model must show on the holdout before it is released.',
  ),
  ignored: key(texts(header, 0, 2000, 'headers'), '[]', 'CSV columns that nothing reads.'),
} satisfies Keys;

export type InputSection = Section<typeof INPUT_KEYS>;
export type FileSection = Section<typeof FILE_KEYS>;
export const fileKind = section(FILE_KEYS, 'the keys of a customer schema (key: value)');
