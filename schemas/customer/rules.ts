/** What keys of a customer schema must have to do with each other. Keys that are wrong by themselves are left out. */
import { MAX_SPELLINGS, type FileSection, type InputSection, type SliceSection } from './keys.ts';
import type { Found } from './kinds.ts';
import { inputsByName, nameProblems, pathProblems } from './unique-names.ts';
import { nearest } from './nearest.ts';
import type { InputType } from './schema.ts';
import type { Problem } from './yaml-tree.ts';

const about = ({ place, key }: Found<unknown>, what: string): Problem => ({ place, key, what });

/** Data sets that are not a file's are called so, and a simulated one is known by it. */
const TAKEN_NAMES: ReadonlySet<string> = new Set(['simulated', 'stream']);

/** Every rule that a file breaks. */
export function* ruleProblems(file: FileSection): Generator<Problem> {
  const { name } = file;
  if (name !== undefined && TAKEN_NAMES.has(name.value.toLowerCase()))
    yield about(name, 'models of simulated customers and of the stream are called so: take another name');
  yield* nameProblems(file);
  yield* pathProblems(file);
  for (const { value } of file.inputs?.value ?? []) yield* inputProblems(value);
  const inputs = file.inputs?.value ?? [];
  if (inputs.length > 0 && inputs.every(({ value }) => value.retired?.value === true))
    yield about(file.inputs!, 'every input is retired: a model needs at least one');
  yield* labelProblems(file);
  yield* sliceProblems(file);
}

const isNumeric = (type: InputType): boolean => type === 'number' || type === 'integer';

/** Keys that only some types have. */
const OF_TYPES: readonly (readonly [
  key: keyof InputSection,
  types: string,
  has: (type: InputType) => boolean,
])[] = [
  ['min', 'a number or an integer', isNumeric],
  ['max', 'a number or an integer', isNumeric],
  ['commas', 'a number or an integer', isNumeric],
  ['maxLength', 'a category', (type) => type === 'category'],
  ['levels', 'a category', (type) => type === 'category'],
  ['other', 'a category', (type) => type === 'category'],
  ['spellings', 'a boolean or a category', (type) => !isNumeric(type)],
];

function* inputProblems(input: InputSection): Generator<Problem> {
  const type = input.type?.value;
  if (type !== undefined)
    for (const [key, types, has] of OF_TYPES) {
      const found = input[key];
      if (found !== undefined && !has(type))
        yield about(found, `only ${types} has it: remove it, or change the type`);
    }
  const { min, max } = input;
  if (min !== undefined && max !== undefined && min.value > max.value)
    yield about(min, `${String(min.value)} is above max, ${String(max.value)}: exchange them`);
  if (type === 'integer')
    for (const bound of [min, max])
      if (bound !== undefined && !Number.isInteger(bound.value))
        yield about(bound, 'not a whole number: an integer has whole bounds; or make the type number');
  if (type === 'category') yield* levelProblems(input);
  if (type === 'boolean' || type === 'category') yield* spellingProblems(input, type);
}

function* levelProblems({ levels, other, maxLength }: InputSection): Generator<Problem> {
  if (levels !== undefined && other === undefined)
    yield about(levels, 'levels need other, the level that every other one becomes: add it, as other: other');
  if (other !== undefined && levels === undefined)
    yield about(other, 'other needs levels, the levels that are kept apart: add them, or remove other');
  const most = maxLength?.value ?? Infinity;
  for (const found of [...(levels?.value ?? []), ...(other === undefined ? [] : [other])])
    if (found.value.length > most)
      yield about(found, `longer than maxLength, ${String(most)}: no event could hold it`);
}

/** The words that CSV cells have for booleans anyway, in lower case. */
export const FLAG_WORDS = { true: ['1', 'true', 'yes'], false: ['0', 'false', 'no'] } as const;

/** A word may stand for one value only. */
function* spellingProblems(input: InputSection, type: 'boolean' | 'category'): Generator<Problem> {
  const isBoolean = type === 'boolean';
  const like = (word: string): string => (isBoolean ? word.toLowerCase() : word);
  const meanings = new Map<string, string>();
  if (isBoolean)
    for (const [value, usual] of Object.entries(FLAG_WORDS))
      for (const word of usual) meanings.set(word, value);
  for (const { value: level } of input.levels?.value ?? []) meanings.set(level, level);
  const spellings = input.spellings?.value ?? [];
  const count = spellings.reduce((sum, { words }) => sum + words.length, 0);
  if (count > MAX_SPELLINGS)
    yield about(input.spellings!, `${String(count)} words: at most ${String(MAX_SPELLINGS)} are allowed`);
  const lines = new Map<string, number>();
  for (const { value, words } of spellings) {
    yield* valueProblems(value, input, type);
    for (const word of words) {
      const known = meanings.get(like(word.value));
      const line = lines.get(like(word.value));
      if (known !== undefined && known !== value.value)
        yield about(word, `${otherMeaning(known, line, isBoolean)}: remove it here`);
      meanings.set(like(word.value), value.value);
      lines.set(like(word.value), word.place.line);
    }
  }
  const all = new Set([...meanings.keys()].map((word) => word.toLowerCase()));
  for (const word of input.missing?.value ?? [])
    if (all.has(word.value.toLowerCase()))
      yield about(
        word,
        'stands for a value of this input: it cannot mean that the value is missing: remove one',
      );
}

function otherMeaning(known: string, line: number | undefined, isBoolean: boolean): string {
  if (line !== undefined) return `stands for another value already (line ${String(line)})`;
  return isBoolean ? `always stands for ${known}` : 'is a level itself';
}

function* valueProblems(
  value: Found<string>,
  input: InputSection,
  type: 'boolean' | 'category',
): Generator<Problem> {
  if (type === 'boolean') {
    if (value.value !== 'true' && value.value !== 'false')
      yield about(
        value,
        'of a boolean, spellings are listed under true and false alone: rename or remove the key',
      );
    return;
  }
  const levels = input.levels?.value.map((level) => level.value);
  if (levels !== undefined && ![...levels, input.other?.value].includes(value.value))
    yield about(value, 'spellings of what is none of the levels: add it to levels, or correct it');
}

function* labelProblems({ label }: FileSection): Generator<Problem> {
  const churned = new Map(
    (label?.value.churned?.value ?? []).map(({ value, place }) => [value.toLowerCase(), place]),
  );
  for (const word of label?.value.stayed?.value ?? []) {
    const place = churned.get(word.value.toLowerCase());
    if (place !== undefined)
      yield about(word, `churned has this word too (line ${String(place.line)}): remove one`);
  }
}

function* sliceProblems(file: FileSection): Generator<Problem> {
  const inputs = inputsByName(file);
  const seen = new Set<string>();
  for (const { value } of file.slices?.value ?? []) {
    const { input } = value;
    if (input === undefined) continue;
    if (seen.has(input.value)) yield about(input, 'another slice has this input: remove one');
    seen.add(input.value);
    const found = inputs.get(input.value);
    if (found === undefined) {
      const meant = nearest(input.value, [...inputs.keys()]);
      yield about(
        input,
        `no input has this name${meant === undefined ? ': name one of the inputs' : `: did you mean ${meant}?`}`,
      );
    } else if (found.type !== undefined) yield* boundProblems(value, input, found.type.value);
  }
}

function* boundProblems({ bounds }: SliceSection, input: Found<string>, type: InputType): Generator<Problem> {
  const values = bounds?.value ?? [];
  if (!isNumeric(type)) {
    if (bounds !== undefined)
      yield about(bounds, `the input is a ${type}: only numbers have bounds, remove them`);
    return;
  }
  if (values.length === 0)
    yield about(input, `a number needs bounds: write { input: ${input.value}, bounds: [10, 20] }`);
  for (const [i, bound] of values.entries())
    if (i > 0 && bound.value <= values[i - 1]!.value)
      yield about(
        bound,
        `${String(bound.value)} is not above the bound before it: order them, smallest first`,
      );
}
