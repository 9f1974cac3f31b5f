import { Option } from 'commander';
import { driftOf, parseDrift, splitDrift } from '../producers/drift-expression.ts';
import { DRIFT_SCENARIOS, isDriftName, namedDrift } from '../producers/drift-scenarios.ts';
import type { Drift } from '../producers/drift-stream.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { similarField } from '../schemas/fields.ts';

const SCENARIOS = Object.keys(DRIFT_SCENARIOS);

/** `--drift`, once or several times. */
export const driftOption = (): Option =>
  new Option('--drift <changes>', 'how the customers have left the training profile; see below').argParser(
    (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
  );

/** What the help says of `--drift`. */
export const DRIFT_HELP = `
Drift is written as changes of inputs, several with ; between them or the option repeated:
  'age+10'  'age-3'  'balance*1.5'     the number of every event moves; a missing one stays missing
  'age=40'  'geography=Germany:60%'    all events, or 60 % of them drawn by chance, get this value
  'tenure=missing:30%'                 in 30 % of the events the value is missing
Names and values are checked against the customer schema. Whole numbers stay whole, and numbers stay in the schema's
range; changes are made in their order; outcomes stay what they were. For simulated customers there are also scenarios:
${SCENARIOS.slice(0, 6).join(', ')},
${SCENARIOS.slice(6).join(', ')}.`;

/**
 * Reads `--drift`: changes of inputs or, of simulated customers, one named scenario.
 *
 * @throws BankChurnError CONFIG_INVALID with every error.
 */
export function readDrift(
  texts: readonly string[],
  schema: Pick<CustomerSchema, 'inputs'>,
  isSimulated: boolean,
): Drift {
  const parts = splitDrift(texts);
  const named = parts.find(isDriftName);
  if (named === undefined) {
    for (const part of isSimulated ? parts : []) refuseMisspelt(part);
    return driftOf(parseDrift(parts, schema));
  }
  if (!isSimulated)
    throw invalid(
      `${named} is a scenario of simulated customers: for those of a file write a change, as age+10`,
    );
  if (parts.length > 1) throw invalid(`${named} is a whole scenario: nothing can be added to it`);
  return namedDrift(named);
}

function refuseMisspelt(part: string): void {
  const meant = similarField(part, SCENARIOS);
  if (meant !== undefined) throw invalid(`no scenario is named ${part}: did you mean ${meant}?`);
}

const invalid = (what: string): BankChurnError => new BankChurnError('CONFIG_INVALID', `drift: ${what}`);
