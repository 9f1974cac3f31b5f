/** Groups for the fairness report: up to three inputs with few values. */
import type { Slice } from '../../schemas/customer/schema.ts';
import type { ColumnFacts } from './column-facts.ts';
import type { InferredInput } from './inference.ts';

const MAX_SLICES = 3;
/** Levels of a category that makes groups. */
const MAX_LEVELS = 8;
const AGES = [30, 40, 50, 60];

/** Names of what people are grouped by first. */
const FIRST = /gender|^sex$|senior|geograph|country|region|marital|education|age/i;

/** Age in bands, and categories and flags of few levels: those that say who somebody is before the others. */
export function draftSlices(inputs: readonly InferredInput[], columns: readonly ColumnFacts[]): Slice[] {
  const levels = new Map(
    columns.map(({ header, texts }) => [header, texts.isComplete() ? texts.counts.size : Infinity]),
  );
  const isSmall = ({ header, draft }: InferredInput): boolean =>
    draft.type === 'boolean' || (draft.type === 'category' && (levels.get(header) ?? Infinity) <= MAX_LEVELS);
  const isAge = ({ name, draft }: InferredInput): boolean =>
    /^age$|Age$|^age[A-Z]/.test(name) &&
    draft.type !== 'category' &&
    draft.type !== 'boolean' &&
    draft.max === 150;
  const rank = ({ name, draft }: InferredInput): number =>
    FIRST.test(name) ? 0 : draft.type === 'category' ? 1 : 2;
  return inputs
    .filter((input) => isSmall(input) || isAge(input))
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, MAX_SLICES)
    .map((input) => ({ input: input.name, bounds: isAge(input) ? AGES : [] }));
}
