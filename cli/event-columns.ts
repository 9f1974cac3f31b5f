/** Which columns a CSV of events must have. */
import { csvColumns, isColumn, type CsvColumn } from '../schemas/csv/columns.ts';
import type { CsvNeeds } from '../schemas/csv/header.ts';
import type { BadRowsRule } from '../schemas/csv/bad-rows.ts';
import { trainedInputs, type CustomerSchema } from '../schemas/customer/schema.ts';
import { BankChurnError } from '../schemas/errors.ts';

export interface EventNeeds {
  /** Names of inputs whose columns may be missing, as `--allow-missing` has them. */
  readonly allowMissing: readonly string[];
  readonly badRows: BadRowsRule;
  readonly needsLabels?: boolean;
}

/**
 * A CSV of events has all inputs that models are trained on; retired ones may be missing.
 *
 * @throws BankChurnError CONFIG_INVALID for a name in `allowMissing` that is no input's; Error where labels are needed and the
 * schema has none.
 */
export function eventNeeds(
  schema: CustomerSchema,
  { allowMissing, badRows, needsLabels = false }: EventNeeds,
): CsvNeeds {
  const label = schema.label?.name;
  if (needsLabels && label === undefined)
    throw new Error(
      `the customer schema ${schema.name} has no label: publish without --outcomes, or add one`,
    );
  const allowed = new Set(allowedInputs(schema, allowMissing));
  const needed = trainedInputs(schema).map(({ name }) => name);
  for (const { name, isRetired } of schema.inputs) if (isRetired) allowed.add(name);
  return {
    needed: [...needed.filter((name) => !allowed.has(name)), ...(needsLabels ? [label!] : [])],
    allowed: [...allowed],
    otherwise: (missing) =>
      missing.some(({ role }) => role === 'label')
        ? 'publish without --outcomes'
        : `do without them: --allow-missing ${missing.map(optionName).join(',')}`,
    skipsPreamble: badRows === 'skip',
  };
}

/** A name that needs no quotes in a shell, and has no comma. */
const optionName = ({ name, field }: CsvColumn): string => (/^[\w.-]+$/.test(name) ? name : field);

function allowedInputs(schema: CustomerSchema, names: readonly string[]): string[] {
  const columns = csvColumns(schema);
  const found = names.map((name) => ({ name, column: columns.find(name) }));
  const unknown = found.filter(({ column }) => !isColumn(column) || column.role !== 'input');
  if (unknown.length > 0) {
    const known = columns.all.filter(({ role }) => role === 'input').map(optionName);
    throw new BankChurnError(
      'CONFIG_INVALID',
      `--allow-missing: ${unknown.map(({ name }) => name).join(', ')}: known are ${known.join(', ')}`,
    );
  }
  return found.map(({ column }) => (column as CsvColumn).field);
}
