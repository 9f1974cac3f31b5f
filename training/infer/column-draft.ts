/** What a column becomes: an input of the schema, or nothing, with the reason. */
import type { CustomerInput, InputType } from '../../schemas/customer/schema.ts';
import type { ColumnFacts, Commas } from './column-facts.ts';

/** What the file says of an input beside its names. */
export interface InputDraft extends Partial<
  Pick<CustomerInput, 'min' | 'max' | 'spellings' | 'missing' | 'levels' | 'other' | 'commas'>
> {
  readonly type: InputType;
}

/** Notes and reasons are sentences for comments in the file, without a full stop. */
export type ColumnDraft =
  { readonly draft: InputDraft; readonly notes: readonly string[] } | { readonly reason: string };

/** One column as the rules see it. */
export interface Column {
  readonly facts: ColumnFacts;
  /** Its cells in the sample of rows. */
  readonly cells: readonly string[];
  /** What commas are in other columns. */
  readonly usual: Commas;
}

export const isKept = (draft: ColumnDraft): draft is Extract<ColumnDraft, { readonly draft: InputDraft }> =>
  'draft' in draft;

/** A whole number with thousands separators, for people. */
export const counted = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
export const percent = (share: number): string => {
  const shown = share * 100;
  return `${shown > 0 && shown < 1 ? shown.toFixed(1) : shown.toFixed(0)} %`;
};

/** Each word once, whatever its case, as it is spelt first. */
export const oncePerCase = (words: readonly string[]): string[] => [
  ...new Map(words.toReversed().map((word) => [word.toLowerCase(), word])).values(),
].reverse(); // prettier-ignore
