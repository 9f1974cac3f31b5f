import { createReadStream, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { countBadRows } from '../schemas/csv/bad-rows.ts';
import { isRowErrors, readCustomer } from '../schemas/csv/customer.ts';
import { fileError, shown } from '../schemas/csv/errors.ts';
import { openRawCsv } from '../schemas/csv/raw-rows.io.ts';
import { openCsv } from '../schemas/csv/rows.io.ts';
import { parseCustomerSchema } from '../schemas/customer/parse.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { messageOf } from '../schemas/errors.ts';
import { plainName } from '../schemas/customer/unique-names.ts';
import { counted } from '../training/infer/column-draft.ts';
import { inferSchema } from '../training/infer/infer-schema.ts';
import type { Inference } from '../training/infer/inference.ts';
import { createTableCounter, type Skipped, type TableFacts } from '../training/infer/table-facts.ts';
import { separatorName, writeSchema } from '../training/infer/write-schema.ts';
import { createProgress, say } from './context.ts';
import { checkNames, withoutRows } from './init-header.ts';
import { print } from './printable.ts';

interface InitOptions {
  readonly label: string;
  readonly id?: string;
  readonly name?: string;
  readonly out: string;
  readonly json?: true;
  readonly force?: true;
}

/** Rows looked at, at most. */
const MAX_ROWS = 2_000_000;

export function initCommand(): Command {
  return new Command('init')
    .description(
      'write the customer schema of a labelled CSV: types, ranges, categories, the label, what is no input',
    )
    .argument('<file>', 'labelled customers, as CSV')
    .requiredOption('--label <column>', 'the column that says whether a customer churned')
    .option(
      '--id <column>',
      'the column with the customer’s id (default: one that looks like it, else the row’s number)',
    )
    .option(
      '--name <name>',
      'what the schema describes; folders are named after it (default: the file’s name)',
    )
    .requiredOption('--out <file>', 'where to write the schema')
    .option('--json', 'what was found, as JSON on standard output')
    .option('--force', 'overwrite the file')
    .action(init);
}

async function init(file: string, options: InitOptions): Promise<void> {
  const { out } = options;
  if (existsSync(out) && options.force !== true)
    throw new Error(`${out} is there already: name another file with --out, or overwrite it with --force`);
  if (existsSync(out) && resolve(out) === resolve(file)) throw new Error(`${out} is the CSV itself: name another file with --out`); // prettier-ignore
  const name = options.name ?? schemaName(file);
  const { table, before } = await readTable(file, options);
  const inference = inferSchema(table, { name, label: options.label, id: options.id });
  const text = writeSchema(inference, { command: commandOf(file, options), table });
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, text);
  const { schema, checked } = await check(file, text, out).catch((cause: unknown) => {
    throw new Error(
      `${out} is written, and must be corrected before it reads the file: ${messageOf(cause)}`,
      { cause },
    );
  });
  report(inference, table, before, checked);
  nextCommands(file, out, schema, before > 0 || checked.refused > 0 || checked.unlabelled > 0);
  if (options.json === true) print(JSON.stringify(summaryOf(out, inference, table, before, checked)));
}

/** `My data (2).csv.gz` → `my-data-2`. */
function schemaName(file: string): string {
  const words = basename(file)
    .replace(/\.(?:gz|[ct]sv|txt)(?=\.|$)/gi, '')
    .normalize('NFKD')
    .toLowerCase()
    .match(/[a-z0-9_]+/g);
  return words?.join('-').slice(0, 64) ?? 'customers';
}

const quoted = (word: string): string =>
  /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

function commandOf(file: string, { label, id, name, out }: InitOptions): string {
  const given = [['--label', label], ['--id', id], ['--name', name], ['--out', out]].filter((pair) => pair[1] !== undefined); // prettier-ignore
  return [
    'bankchurn init',
    quoted(file),
    ...given.map(([option, value]) => `${option!} ${quoted(value!)}`),
  ].join(' ');
}

async function readTable(
  file: string,
  { label, id }: InitOptions,
): Promise<{ table: TableFacts; before: number }> {
  const wanted = [label, ...(id === undefined ? [] : [id])];
  if (id !== undefined && plainName(id) === plainName(label)) throw new Error(`--label and --id are both ${shown(label)}: name the customer's id with --id, or leave it out`); // prettier-ignore
  const plain = new Set(wanted.map(plainName));
  const csv = await openRawCsv(createReadStream(file), file, (cell) => plain.has(plainName(cell)));
  const { line } = csv.header;
  // A schema has no line ends in names, and a space is as good: word separators do not count.
  const cells = csv.header.cells.map((cell) => cell.replace(/\s+/g, ' '));
  checkNames(file, line, cells, wanted);
  const counter = createTableCounter(cells, csv.separator);
  const progress = createProgress();
  let rows = 0;
  for await (const row of csv.rows) {
    if (rows === MAX_ROWS) {
      say(`${file}: more than ${counted(MAX_ROWS)} rows: the others are not looked at`);
      break;
    }
    counter.add(row);
    rows += 1;
    if (rows % 10_000 === 0) progress.update(`${counted(rows)} rows`);
  }
  progress.end();
  const table = counter.finish();
  if (table.rows === 0) throw fileError(file, `line ${String(line)}`, withoutRows(cells.length, table.skipped.length)); // prettier-ignore
  return { table, before: csv.before };
}

/** Rows that are read with the schema, and what is said of the others. */
interface Checked {
  readonly rows: number;
  readonly refused: number;
  readonly unlabelled: number;
  readonly said: string | undefined;
}

async function check(
  file: string,
  text: string,
  out: string,
): Promise<{ readonly schema: CustomerSchema; readonly checked: Checked }> {
  const schema = parseCustomerSchema(text, out);
  return { schema, checked: await checkRows(file, schema) };
}

/** Reads the file with its schema, as every other command does. */
async function checkRows(file: string, schema: CustomerSchema): Promise<Checked> {
  const needed = [...schema.inputs.map(({ name }) => name), schema.label!.name];
  const csv = await openCsv(
    createReadStream(file),
    file,
    { needed, allowed: [], skipsPreamble: true },
    schema,
  );
  const bad = countBadRows({ name: file, rule: 'skip', patience: 1 });
  let [rows, refused, unlabelled] = [0, 0, 0];
  for await (const row of csv.rows) {
    if (rows === MAX_ROWS) break;
    const customer = readCustomer(csv.header, row, rows, Date.now());
    rows += 1;
    if (isRowErrors(customer)) {
      refused += 1;
      bad.add(customer);
    } else if (customer.churned === undefined) unlabelled += 1;
  }
  return { rows, refused, unlabelled, said: bad.end(rows) };
}

function report(
  { inputs, leftOut, label, customerId, warnings }: Inference,
  { rows, columns, separator, skipped }: TableFacts,
  before: number,
  checked: Checked,
): void {
  say(`${counted(rows)} rows of ${String(columns.length)} columns between ${separatorName(separator)}`);
  if (before > 0) say(`skipped before the header: ${lines(before)}`);
  sayRows('rows with more or fewer cells than the header', skipped.length);
  sayRows('header rows below the header', skipped.header);
  const { churned, stayed, missing } = label.rows;
  say(`label ${shown(label.header)}: ${counted(churned)} churned (${label.churned.map(shown).join(', ')}), ${counted(stayed)} stayed (${label.stayed.map(shown).join(', ')})${missing === 0 ? '' : `, ${counted(missing)} rows without a label`}; ${label.note}`); // prettier-ignore
  say(customerId === undefined ? 'id: none, customers are called by the number of their row' : `id: ${shown(customerId.header)}, ${customerId.note}`); // prettier-ignore
  say(`inputs: ${String(inputs.length)}; left out: ${String(leftOut.length)}`);
  for (const { header, reason, input } of leftOut)
    if (input === undefined) say(`  ${shown(header)}: ${reason}`);
  for (const warning of warnings) say(`warning: ${warning}`);
  for (const { header, notes } of inputs)
    for (const note of notes) if (!note.startsWith('max')) say(`  ${shown(header)}: ${note}`);
  say(`read with this schema: ${counted(checked.rows - checked.refused)} rows of ${counted(checked.rows)}`);
  if (checked.said !== undefined) say(checked.said);
}

const lines = (count: number): string => (count === 1 ? '1 line' : `${String(count)} lines`);

function sayRows(what: string, { count, lines: numbers }: Skipped): void {
  if (count === 0) return;
  say(
    `skipped ${what}: ${counted(count)} (line ${numbers.join(', ')}${count > numbers.length ? ', …' : ''})`,
  );
}

function nextCommands(file: string, out: string, { name }: CustomerSchema, hasBadRows: boolean): void {
  const [train, demo] = hasBadRows
    ? [`npx bankchurn train --data ${quoted(file)} --bad-rows skip`, `npx bankchurn demo --events ${quoted(file)} --bad-rows skip`] // prettier-ignore
    : [`make train DATA=${quoted(file)}`, `make demo EVENTS=${quoted(file)}`];
  say(`\nwrote ${out} (customer schema "${name}"). Read it, then:`);
  say(`  export CUSTOMER_SCHEMA=${quoted(out)}`);
  say(`  ${train}`);
  say(`  ${demo}   # or docs/your-own-data.md: to your own Kafka`);
}

function summaryOf(
  out: string,
  { name, inputs, leftOut, label, customerId, rowNumber, slices, warnings }: Inference,
  { rows, separator, skipped }: TableFacts,
  before: number,
  { refused, unlabelled }: Checked,
) {
  return {
    out,
    name,
    rows,
    separator,
    skipped: { beforeHeader: before, otherLength: skipped.length.count, headers: skipped.header.count },
    refused,
    unlabelled,
    label,
    customerId: customerId?.header ?? null,
    rowNumber: rowNumber ?? null,
    inputs: inputs.map(({ name: field, header, draft: { type }, notes }) => ({
      name: field,
      header,
      type,
      notes,
    })),
    leftOut: leftOut.map(({ header, reason }) => ({ header, reason })),
    slices,
    warnings,
  };
}
