/** From what was counted of a column to its input, or to the reason why it is none. */
import { meansNoValue } from '../../schemas/csv/no-value.ts';
import { createNumberReader } from '../../schemas/csv/numbers.ts';
import type { Column, ColumnDraft } from './column-draft.ts';
import { asNumbers, chooseCommas, numberDraft } from './number-draft.ts';
import { categoryDraft, flagDraft } from './text-draft.ts';
import { meansNoNumber } from './words.ts';

/** What a column becomes. */
export function draftColumn(column: Column, separator: string): ColumnDraft {
  const { facts, usual } = column;
  const values = [...facts.texts.counts.keys()].filter((text) => !meansNoValue(text));
  if (values.length === 0) return { reason: 'no row has a value' };
  const isGap = facts.blank > 0 || values.length < facts.texts.counts.size;
  if (facts.texts.isComplete() && values.length === 1 && !isGap)
    return { reason: 'all rows have the same value' };
  const flag = flagDraft(column);
  if (flag !== undefined) return flag;
  const read = createNumberReader(chooseCommas(facts, usual), separator);
  const numbers = asNumbers(column, (cell) => typeof read(cell) === 'number');
  if (numbers === undefined) return categoryDraft(column);
  const distinct =
    facts.texts.isComplete() && new Set(values.filter((text) => !meansNoNumber(text)).map(read)).size;
  return distinct === 1 && !isGap && numbers.missing.length === 0
    ? { reason: 'all rows have the same value' }
    : numberDraft(column, numbers);
}
