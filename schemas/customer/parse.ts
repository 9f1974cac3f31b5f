/** From the text of a customer schema to the schema, or everything that is wrong with it. */
import { MAX_TEXT } from '../checks.ts';
import { BankChurnError } from '../errors.ts';
import { FILE_KEYS, fileKind, type FileSection, type InputSection } from './keys.ts';
import type { Found } from './kinds.ts';
import { ruleProblems } from './rules.ts';
import type { CustomerInput, CustomerSchema, FieldNames } from './schema.ts';
import { readTree, type Problem, type TreeNode } from './yaml-tree.ts';

/** Problems that one message lists. */
const MAX_LISTED = 50;

/**
 * Parses the text of a customer schema (YAML 1.2).
 *
 * @param file what errors name.
 * @throws BankChurnError CONFIG_INVALID with every error: line, column, key, what is wrong and what to do.
 */
export function parseCustomerSchema(text: string, file: string): CustomerSchema {
  const problems: Problem[] = [];
  const tree = readTree(text);
  if ('problems' in tree) throw refused(file, tree.problems);
  if (!looksLikeSchema(tree.root))
    throw new BankChurnError(
      'CONFIG_INVALID',
      `${file} is no customer schema: it has none of the keys ${Object.keys(FILE_KEYS).join(', ')}: is customerSchema (CUSTOMER_SCHEMA) the right file?`,
    );
  const read = fileKind.read(tree.root, '', (problem) => problems.push(problem));
  if (read !== undefined) problems.push(...ruleProblems(read));
  if (read === undefined || problems.length > 0) throw refused(file, problems);
  return assemble(read);
}

const looksLikeSchema = (root: TreeNode): boolean =>
  root.kind === 'map' && root.entries.some(({ key }) => key !== undefined && Object.hasOwn(FILE_KEYS, key));

/** Of several problems with one value at one place the first is listed. */
function refused(file: string, all: readonly Problem[]): BankChurnError {
  const placed = all.map((problem): [string, Problem] => [
    JSON.stringify([problem.place, problem.key]),
    problem,
  ]);
  const problems = [...new Map(placed.toReversed()).values()].toReversed();
  const sorted = problems.toSorted(({ place: a }, { place: b }) => a.line - b.line || a.column - b.column);
  const lines = sorted.slice(0, MAX_LISTED).map(({ place, key, what }) => {
    const where = `line ${String(place.line)}, column ${String(place.column)}`;
    return `\n  ${where}${key === '' ? '' : `, ${key}`}: ${what}`;
  });
  const more = problems.length - lines.length;
  const rest = more > 0 ? `\n  and ${String(more)} more` : '';
  const count = problems.length === 1 ? 'an error' : `${String(problems.length)} errors`;
  return new BankChurnError(
    'CONFIG_INVALID',
    `the customer schema ${file} has ${count}:${lines.join('')}${rest}`,
  );
}

type Texts = Found<readonly Found<string>[]> | undefined;
const textsOf = (found: Texts): string[] => (found?.value ?? []).map(({ value }) => value);

interface NamesSection {
  readonly aliases?: Texts;
  readonly headers?: Texts;
  readonly path?: Found<readonly string[]> | undefined;
}

const namesOf = (name: string, found: NamesSection | undefined): FieldNames => ({
  name,
  aliases: textsOf(found?.aliases),
  headers: textsOf(found?.headers),
  path: found?.path?.value,
});

/** A file without problems has all the keys that it needs. */
function assemble(file: FileSection): CustomerSchema {
  const { label, gate } = file;
  return {
    version: 1,
    name: file.name!.value,
    eventId: namesOf('eventId', file.eventId?.value),
    customerId: namesOf('customerId', file.customerId?.value),
    occurredAt: namesOf('occurredAt', file.occurredAt?.value),
    rowNumber: textsOf(file.rowNumber),
    inputs: file.inputs!.value.map(({ value }) => inputOf(value)),
    label: label && {
      name: label.value.name!.value,
      aliases: textsOf(label.value.aliases),
      headers: textsOf(label.value.headers),
      churned: textsOf(label.value.churned),
      stayed: textsOf(label.value.stayed),
    },
    slices: (file.slices?.value ?? []).map(({ value: { input, bounds } }) => ({
      input: input!.value,
      bounds: (bounds?.value ?? []).map(({ value }) => value),
    })),
    gate: {
      minWeightedF1: gate?.value.minWeightedF1?.value,
      minAucGain: gate?.value.minAucGain?.value,
      minLogLossGain: gate?.value.minLogLossGain?.value,
    },
    ignored: textsOf(file.ignored),
  };
}

function inputOf(input: InputSection): CustomerInput {
  const spellings = (input.spellings?.value ?? []).map(({ value, words }) => [
    value.value,
    words.map((word) => word.value),
  ]);
  return {
    ...namesOf(input.name!.value, input),
    type: input.type!.value,
    doc: input.doc?.value,
    min: input.min?.value,
    max: input.max?.value,
    maxLength: input.maxLength?.value ?? MAX_TEXT,
    spellings: Object.fromEntries(spellings) as Record<string, string[]>,
    missing: textsOf(input.missing),
    levels: input.levels && textsOf(input.levels),
    other: input.other?.value,
    commas: input.commas?.value,
    isRetired: input.retired?.value ?? false,
  };
}
