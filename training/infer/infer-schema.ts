/** A customer schema made of what was counted of a labelled CSV: what is kept, what is left out, and why. */
import { plainName } from '../../schemas/customer/unique-names.ts';
import { rulesFor } from '../gate.ts';
import { isKept } from './column-draft.ts';
import { draftColumn } from './column-rules.ts';
import { fieldNames } from './field-names.ts';
import { findId } from './identity.ts';
import type { Inference } from './inference.ts';
import { judgeColumns, type Judged } from './judge-columns.ts';
import { draftLabel } from './label-rule.ts';
import { usualCommas } from './number-draft.ts';
import { draftSlices } from './slices-rule.ts';
import type { TableFacts } from './table-facts.ts';

/** What the command was asked. */
export interface InferenceRequest {
  /** Of the schema. */
  readonly name: string;
  /** Header of the label, and of the customer's id if it is named. */
  readonly label: string;
  readonly id: string | undefined;
}

/** Whether a column is read as another field whatever the schema says, or cannot be named. */
const isRead = (header: string): boolean => ['', 'eventid', 'occurredat'].includes(plainName(header));

/** Inputs of a schema. */
const MAX_INPUTS = 500;

/**
 * Makes a schema of what was counted of a file.
 *
 * @throws Error that says what is wrong with the label, or that no column can be an input.
 */
export function inferSchema(table: TableFacts, { name, label, id }: InferenceRequest): Inference {
  const { columns, sample, separator } = table;
  const headers = columns.map(({ header }) => header);
  const labelAt = headers.findIndex((header) => plainName(header) === plainName(label));
  const outcome = draftLabel(columns[labelAt]!);
  if (typeof outcome === 'string') throw new Error(outcome);
  const identity = findId(table, labelAt, id);
  const usual = usualCommas(columns, separator);
  const names = fieldNames(headers, ['eventId', 'customerId', 'occurredAt']);
  const judged: Judged[] = columns.flatMap((facts, at): Judged[] => {
    const { header } = facts;
    if (at === labelAt || at === identity.customerId?.at || at === identity.rowNumber || isRead(header))
      return [];
    const column = { facts, cells: sample.map((cells) => cells[at]!), usual };
    const drafted = draftColumn(column, separator);
    if (!isKept(drafted)) return [{ header, reason: drafted.reason, input: undefined }];
    const input = { name: names[at]!, header, draft: drafted.draft, notes: drafted.notes };
    return [{ header, reason: undefined, input, cells: column.cells }];
  });
  const labels = sample.map((cells) => cells[labelAt]!);
  const { inputs, leftOut, warnings } = judgeColumns(judged, labels, outcome, label, separator);
  if (inputs.length === 0)
    throw new Error(`no column can be an input of a model: add columns that say something about a customer${leftOut.map((one) => `\n  ${one.header}: ${one.reason}`).join('')}`); // prettier-ignore
  return {
    name,
    customerId: identity.customerId && {
      header: headers[identity.customerId.at]!,
      note: identity.customerId.note,
    },
    rowNumber: identity.rowNumber === undefined ? undefined : headers[identity.rowNumber],
    inputs: inputs.slice(0, MAX_INPUTS),
    leftOut: [...leftOut, ...inputs.slice(MAX_INPUTS).map((input) => ({ header: input.header, reason: `beyond ${String(MAX_INPUTS)} inputs`, input }))], // prettier-ignore
    label: { ...outcome, header: headers[labelAt]! },
    slices: draftSlices(inputs.slice(0, MAX_INPUTS), columns),
    gate: rulesFor(outcome.rows),
    warnings,
  };
}
