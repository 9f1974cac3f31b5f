/** CSV files of many shapes: `init` writes a schema that parses, and that reads the very file. All customers are invented. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { parseCustomerSchema } from '../schemas/customer/parse.ts';
import type { CustomerInput, CustomerSchema } from '../schemas/customer/schema.ts';
import { createRandom } from '../schemas/random.ts';
import { initCommand } from './init.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bankchurn-init-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Summary {
  readonly rows: number;
  readonly refused: number;
  readonly unlabelled: number;
  readonly skipped: { readonly beforeHeader: number; readonly otherLength: number; readonly headers: number };
  readonly customerId: string | null;
  readonly rowNumber: string | null;
  readonly label: { readonly churned: readonly string[]; readonly note: string };
  readonly leftOut: readonly { readonly header: string; readonly reason: string }[];
  readonly warnings: readonly string[];
}

interface Written {
  readonly summary: Summary;
  readonly schema: CustomerSchema;
  readonly text: string;
  readonly stderr: string;
  readonly byHeader: (header: string) => CustomerInput | undefined;
}

let files = 0;
/** Runs the command on a file of this text, or on a path. */
async function init(csv: string | Buffer | { path: string }, ...options: string[]): Promise<Written> {
  const path =
    typeof csv === 'object' && 'path' in csv ? csv.path : join(folder, `data-${String(files++)}.csv`);
  if (typeof csv === 'string' || Buffer.isBuffer(csv)) writeFileSync(path, csv);
  const out = join(folder, `schema-${String(files++)}.yaml`);
  const [stdout, stderr]: string[][] = [[], []];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((words) => stdout!.push(String(words)) > 0),
    vi.spyOn(process.stderr, 'write').mockImplementation((words) => stderr!.push(String(words)) > 0),
  ];
  try {
    await initCommand()
      .exitOverride()
      .parseAsync([path, '--out', out, '--json', ...options], { from: 'user' });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  const text = readFileSync(out, 'utf8');
  const schema = parseCustomerSchema(text, out);
  return {
    summary: JSON.parse(stdout!.join('')) as Summary,
    schema,
    text,
    stderr: stderr!.join(''),
    byHeader: (header) =>
      schema.inputs.find(({ name, aliases }) => name === header || aliases.includes(header)),
  };
}

const reasonOf = ({ summary }: Written, header: string): string | undefined =>
  summary.leftOut.find((column) => column.header === header)?.reason;

/** A CSV of `rows` customers; a column is made of the row, of whether the customer left, and of chance. */
type Cell = (row: number, left: boolean, chance: () => number) => string;
function csvOf(
  columns: Readonly<Record<string, Cell>>,
  { rows = 400, churn = 0.3, separator = ',' }: { rows?: number; churn?: number; separator?: string } = {},
): string {
  const random = createRandom(7);
  const lines = Array.from({ length: rows }, (_, row) => {
    const left = random.next() < churn;
    return Object.values(columns)
      .map((cell) => cell(row, left, random.next))
      .join(separator);
  });
  return [Object.keys(columns).join(separator), ...lines, ''].join('\n');
}
const pick =
  (words: readonly string[]): Cell =>
  (_, __, chance) =>
    words[Math.floor(chance() * words.length)]!;
const whole = (from: number, to: number): Cell => (_, __, chance) => String(from + Math.floor(chance() * (to - from))); // prettier-ignore
const money: Cell = (_, __, chance) => (chance() * 5000).toFixed(2);
const left: Cell = (_, isLeft) => (isLeft ? 'Yes' : 'No');

describe('real sets', () => {
  const TELCO = '../shared/data/Telco.csv';
  it.skipIf(!existsSync(TELCO))('a telco: every row is read, and blank charges are missing', async () => {
    const written = await init({ path: TELCO }, '--label', 'Churn', '--id', 'customerID');
    const { summary, schema, byHeader } = written;
    expect(summary).toMatchObject({
      rows: 7043,
      refused: 0,
      unlabelled: 0,
      customerId: 'customerID',
      leftOut: [],
    });
    expect(schema.inputs).toHaveLength(19);
    expect(byHeader('TotalCharges')).toMatchObject({ name: 'totalCharges', type: 'number', min: 0 });
    expect(byHeader('SeniorCitizen')?.type).toBe('boolean');
    expect(byHeader('Partner')).toMatchObject({
      type: 'boolean',
      spellings: { true: ['Yes'], false: ['No'] },
    });
    expect(byHeader('MultipleLines')?.type).toBe('category');
    expect(schema.label).toMatchObject({ name: 'Churn', churned: ['Yes'], stayed: ['No'] });
  });

  const CHURN = '../shared/data/Churn.csv';
  it.skipIf(!existsSync(CHURN))('a bank: the inputs of the shipped schema, in its order', async () => {
    const { summary, schema } = await init({ path: CHURN }, '--label', 'exited');
    const shipped = parseCustomerSchema(readFileSync('configs/customer.yaml', 'utf8'), 'customer.yaml');
    expect(schema.inputs.map(({ name, type }) => [name, type])).toEqual(
      shipped.inputs.map(({ name, type }) => [name, type]),
    );
    expect(summary).toMatchObject({
      rows: 10_000,
      refused: 0,
      customerId: 'CustomerId',
      rowNumber: 'RowNumber',
    });
    expect(summary.leftOut.map(({ header }) => header)).toEqual(['Surname']);
  });
});

test('headers with spaces, units, digits and signs become names; the header stays an alias', async () => {
  const { schema, summary } = await init(
    csvOf({
      'Monthly Charges ($)': money,
      Monthly_Charges: money,
      '12 month calls': whole(0, 40),
      '% of limit': whole(0, 101),
      Größe: whole(1, 900),
      score: whole(300, 850),
      'customer age (years)': whole(18, 90),
      年齢: whole(18, 90),
      'Left?': left,
    }),
    '--label',
    'Left?',
  );
  expect(schema.inputs.map(({ name }) => name)).toEqual([
    'monthlyCharges2',
    'monthlyCharges',
    'n12MonthCalls',
    'percentOfLimit',
    'grosse',
    'scoreValue',
    'customerAgeYears',
    'column8',
  ].map((name) => (name === 'grosse' ? expect.stringMatching(/^gro/) : name) as string)); // prettier-ignore
  expect(schema.inputs[0]!.aliases).toEqual(['Monthly Charges ($)']);
  expect(schema.inputs.find(({ name }) => name === 'percentOfLimit')?.max).toBe(100);
  expect(summary).toMatchObject({ refused: 0, customerId: null });
});

test('several spellings of true, of churned and of missing', async () => {
  const written = await init(
    csvOf({
      id: (row) => `c${String(row)}`,
      age: whole(18, 90),
      paperless: pick(['Y', 'y', 'Yes', 'TRUE', 't', '1', 'N', 'no', 'FALSE', 'f', '0', '', 'unknown']),
      visits: pick(['1', '2', '3', '4', '?', 'NA', '-', 'none', '']),
      plan: pick(['Gold', 'Blue', 'None', 'N/A', 'Silver']),
      Status: (_, isLeft, chance) =>
        isLeft ? ['Attrited Customer', 'left', '1'][Math.floor(chance() * 3)]! : ['Existing Customer', '0'][Math.floor(chance() * 2)]!, // prettier-ignore
    }),
    '--label',
    'status',
  );
  const { schema, summary, byHeader } = written;
  expect(byHeader('paperless')).toMatchObject({ type: 'boolean', missing: ['unknown'] });
  expect(new Set(byHeader('paperless')?.spellings['true'])).toEqual(new Set(['Y', 'y', 'Yes', 'TRUE', 't']));
  expect(byHeader('visits')?.type).toBe('integer');
  expect(new Set(byHeader('visits')?.missing)).toEqual(new Set(['?', 'NA', '-', 'none']));
  expect(byHeader('plan')).toMatchObject({ type: 'category', missing: ['N/A'], spellings: { None: [] } });
  expect(new Set(schema.label?.churned)).toEqual(new Set(['Attrited Customer', 'left', '1']));
  expect(summary).toMatchObject({ customerId: 'id', refused: 0 });
});

test('semicolons and decimal commas, a byte order mark, thousands in quotes', async () => {
  const comma: Cell = (row, isLeft, chance) => money(row, isLeft, chance).replace('.', ',');
  const german = await init(
    `\ufeff${csvOf({ Umsatz: comma, Tage: whole(1, 90), Punkt: (row) => `${String(row)}.25`, Churn: left }, { separator: ';' })}`,
    '--label',
    'Churn',
  );
  expect(german.summary).toMatchObject({ refused: 0, rows: 400 });
  expect(german.byHeader('Umsatz')?.type).toBe('number');
  const english = await init(
    csvOf({
      spent: (row) => `"${String(1 + (row % 9))},${String(100 + row)}"`,
      exact: (row) => `"${String(1 + (row % 7))},${String(100 + row)}.5"`,
      Churn: left,
    }),
    '--label',
    'Churn',
  );
  expect(english.byHeader('spent')).toMatchObject({ type: 'integer', commas: 'thousands' });
  expect(english.byHeader('exact')?.type).toBe('number');
  expect(english.summary.refused).toBe(0);
});

test('titles before the header, headers below it and rows of another width are skipped and counted', async () => {
  const [header, ...rows] = csvOf({ age: whole(18, 90), spent: money, Churn: left }).split('\n');
  const messy = ['Report of 2025', '', header, ...rows.slice(0, 9), header, 'X1,X2,Y', ...rows.slice(9, 20), '1,2,3,4', '5', ...rows.slice(20)]; // prettier-ignore
  const { summary, stderr } = await init(messy.join('\n'), '--label', 'Churn');
  expect(summary).toMatchObject({ rows: 400, skipped: { beforeHeader: 1, otherLength: 2, headers: 2 } });
  expect(stderr).toMatch(/header rows below the header: 2 \(line 13, 14\)/);
  expect(stderr).toContain('train --data');
  expect(stderr).toContain('--bad-rows skip');
});

test('a header with line ends and quotes in its cells, below a title of two lines', async () => {
  const text = csvOf({ age: whole(18, 90), spent: money, Churn: left });
  const [, ...rows] = text.split('\n');
  const header = '"Age\n(years)","The ""net""\nspent","Churn\n(Y/N)"';
  const { summary, schema } = await init(`"Report of\n\n2025"\n${[header, ...rows].join('\n')}`, '--label', 'Churn (Y/N)'); // prettier-ignore
  expect(summary).toMatchObject({ rows: 400, refused: 0, skipped: { beforeHeader: 2 } });
  expect(schema.inputs.map(({ aliases }) => aliases)).toEqual([['Age (years)'], ['The "net" spent']]);
});

test('points in a file between semicolons are decimal, if some cells cannot be anything else', async () => {
  const rate: Cell = (row) => ['92.893', '93.994', '94.767'][row % 3]!;
  const columns = { rate, age: whole(18, 90), spent: money, Churn: left };
  const { summary, byHeader } = await init(csvOf(columns, { separator: ';' }), '--label', 'Churn');
  expect(summary).toMatchObject({ refused: 0, leftOut: [] });
  expect(byHeader('rate')).toMatchObject({ type: 'number', commas: 'thousands' });
});

test('words for an unknown label are no bad rows', async () => {
  const Churn: Cell = (row, isLeft) => (row % 10 === 0 ? 'NA' : isLeft ? 'Yes' : 'No');
  const { summary } = await init(csvOf({ age: whole(18, 90), spent: money, Churn }), '--label', 'Churn');
  expect(summary).toMatchObject({ rows: 400, refused: 0, unlabelled: 40 });
});

test('columns that are the event’s own id and time, and an id that is called customerId', async () => {
  const { summary, schema } = await init(
    csvOf({
      event_id: (row) => `e${String(row)}`,
      occurredAt: () => '2026-01-31T12:00:00Z',
      customerId: (row) => `c${String(row)}`,
      age: whole(18, 90),
      Churn: left,
    }),
    '--label',
    'Churn',
  );
  expect(summary).toMatchObject({ customerId: 'customerId', refused: 0, leftOut: [] });
  expect(schema.inputs.map(({ name }) => name)).toEqual(['age']);
});

test('days as numbers, long numbers and numbers in a form of their own are no inputs; a word among numbers is said', async () => {
  const two = (n: number): string => String(n).padStart(2, '0');
  const written = await init(
    csvOf({
      joined: (row) => `20${two(row % 19)}${two(1 + (row % 12))}${two(1 + (row % 28))}`,
      phone: (row) => `0${String(200_000_000 + ((row * 7919) % 100_003))}`,
      balance: (row) => (row % 3 === 0 ? `(${String(row)}.75)` : `${String(row)}.25`),
      rent: (row) => `1'${String(100 + row)}.50`,
      age: (row, ...others) => (row === 7 ? 'thirty' : whole(18, 90)(row, ...others)),
      Churn: left,
    }),
    '--label',
    'Churn',
  );
  expect(reasonOf(written, 'joined')).toMatch(/^a date/);
  expect(reasonOf(written, 'phone')).toMatch(/^long numbers of which no two are the same/);
  expect(reasonOf(written, 'balance')).toMatch(/in a form of their own: write them as -1234.5/);
  expect(reasonOf(written, 'rent')).toMatch(/in a form of their own/);
  expect(written.byHeader('age')).toMatchObject({ type: 'integer', missing: ['thirty'] });
  expect(written.stderr).toMatch(/"thirty" among numbers: a guess that it means missing/);
});

test('the header is the line that has the label', async () => {
  const rows = csvOf({ ID: (row) => String(row + 1), LIMIT_BAL: money, PAY_0: whole(-2, 9), 'default payment': (_, l) => (l ? '1' : '0') }); // prettier-ignore
  const { summary, schema } = await init(`X0,X1,X2,Y\n${rows}`, '--label', 'default payment');
  expect(summary).toMatchObject({ rows: 400, refused: 0, skipped: { beforeHeader: 1 } });
  expect(schema.inputs.map(({ name }) => name)).toEqual(['limitBal', 'pay0']);
});

test('what cannot be an input is left out with its reason', async () => {
  const written = await init(
    csvOf({
      row: (row) => String(row + 1),
      same: () => '5',
      nothing: () => 'NA',
      phone: (row) => `07-${String(row * 7919 + 100_000)}`,
      joined: (row) => `20${String(10 + (row % 15))}-0${String(1 + (row % 9))}-17`,
      note: (row) => `customer number ${String(row)} called about the bill`,
      fee: (row) => `$${String(row)}.50`,
      age: whole(18, 90),
      ageAgain: () => '',
      Churn: left,
    }).replace(/^(.*)$/gm, (line) => line.replace(/,(\d+),,/, ',$1,$1,')),
    '--label',
    'Churn',
  );
  expect(reasonOf(written, 'same')).toBe('all rows have the same value');
  expect(reasonOf(written, 'nothing')).toBe('no row has a value');
  expect(reasonOf(written, 'phone')).toMatch(/^an id/);
  expect(reasonOf(written, 'joined')).toMatch(/^dates/);
  expect(reasonOf(written, 'note')).toMatch(/^free text/);
  expect(reasonOf(written, 'fee')).toMatch(/unit or a currency/);
  expect(reasonOf(written, 'ageAgain')).toBe('it has the same values as age');
  expect(written.schema.inputs.map(({ name }) => name)).toEqual(['age']);
  expect(written.text).toMatch(
    /# "ageAgain": it has the same values as age\n {2}# - \{ name: ageAgain, type: integer/,
  );
  expect(written.text).toMatch(/ {2}- same # all rows have the same value/);
  // Without the comment signs the entry is an input.
  const used = parseCustomerSchema(
    written.text.replace('  # - { name: ageAgain', '  - { name: ageAgain'),
    'f',
  );
  expect(used.inputs.map(({ name }) => name)).toEqual(['age', 'ageAgain']);
});

test('leaks and functions of other columns are left out, and said', async () => {
  const written = await init(
    csvOf({
      age: whole(18, 90),
      minutes: (row) => String((row * 37) % 251),
      charge: (row) => (((row * 37) % 251) * 0.17).toFixed(2),
      state: (row) => ['NY', 'CA', 'TX', 'FL'][row % 4]!,
      stateName: (row) => ['New York', 'California', 'Texas', 'Florida'][row % 4]!,
      posterior: (_, isLeft, chance) => (isLeft ? 0.99 + chance() / 100 : chance() / 100).toFixed(6),
      closedBecause: (row, isLeft) => (isLeft ? ['price', 'moved'][row % 2]! : ''),
      churnScore: (_, isLeft, chance) => String(Math.round(chance() * 60 + (isLeft ? 40 : 0))),
      Churn: left,
    }),
    '--label',
    'Churn',
  );
  expect(reasonOf(written, 'posterior')).toMatch(/likely a leak, .*AUC of 1\.000/);
  expect(reasonOf(written, 'closedBecause')).toMatch(/likely a leak/);
  expect(reasonOf(written, 'churnScore')).toMatch(/likely a leak, by its name/);
  expect(reasonOf(written, 'charge')).toMatch(/follows from minutes: it is a multiple/);
  expect(reasonOf(written, 'stateName')).toMatch(/follows from state: each value/);
  expect(written.schema.inputs.map(({ name }) => name)).toEqual(['age', 'minutes', 'state']);
  expect(written.summary.warnings).toHaveLength(5);
  expect(written.stderr).toMatch(/warning: "posterior" is left out: likely a leak/);
});

test('dozens of levels share other from the 61st on', async () => {
  const city: Cell = (_, __, chance) => `city ${String(Math.floor(chance() ** 3 * 150))}`;
  const { byHeader, summary, text } = await init(csvOf({ city, age: whole(18, 90), Churn: left }, { rows: 3000 }), '--label', 'Churn'); // prettier-ignore
  expect(byHeader('city')?.levels).toHaveLength(60);
  expect(byHeader('city')?.other).toBe('other');
  expect(byHeader('city')?.levels).toContain('city 0');
  expect(text).toMatch(/different texts: the 60 most frequent \(\d+ % of the rows\) are kept apart/);
  expect(summary.refused).toBe(0);
});

test('one per cent of churn: the rarer value is a guess that is said', async () => {
  const gone: Cell = (_, isLeft) => (isLeft ? 'B' : 'A');
  const { schema, summary } = await init(csvOf({ age: whole(18, 90), class: gone }, { rows: 5000, churn: 0.01 }), '--label', 'class'); // prettier-ignore
  expect(schema.label).toMatchObject({ churned: ['B'], stayed: ['A'] });
  expect(summary.label.note).toMatch(/^a guess: churned is the rarer value, (0\.\d|1\.0) % of the customers/);
});

test('three hundred columns, some labels missing', async () => {
  const columns: Record<string, Cell> = {};
  for (let i = 0; i < 300; i++) columns[`Col ${String(i)}`] = i % 3 === 0 ? money : i % 3 === 1 ? whole(0, 50) : pick(['a', 'b', 'c']); // prettier-ignore
  columns['Churn'] = (row, isLeft) => (row % 10 === 0 ? '' : isLeft ? 'Yes' : 'No');
  const { schema, summary, stderr } = await init(csvOf(columns, { rows: 600 }), '--label', 'Churn');
  expect(schema.inputs).toHaveLength(300);
  expect(summary).toMatchObject({ rows: 600, refused: 0, unlabelled: 60, leftOut: [] });
  expect(stderr).toContain('60 rows without a label');
});

describe('refused, with what to do', () => {
  const simple = csvOf({ age: whole(18, 90), Churn: left });
  it.each([
    ['no such label', simple, 'Chrun', /no column is called "Chrun", did you mean "Churn"\?: the columns are "age", "Churn"/],
    ['a header twice', simple.replace('age', 'churn'), 'Churn', /line 1: the columns 1 and 2 are both called "Churn"/],
    ['three labels', csvOf({ age: whole(18, 90), s: pick(['Joined', 'Stayed', 'Churned']) }), 's', /more than two values, .*"Joined" \(1\d\d rows\).*: write a column/],
    ['one label', csvOf({ age: whole(18, 90), s: () => 'No' }), 's', /one value only, "No" \(400 rows\): add customers/],
    ['separators that end all rows but the header', simple.replaceAll(/(Yes|No)$/gm, '$1,'), 'Churn', /line 1: the header has 2 cells, and all 400 rows below it \(from line 2\) have more or fewer/],
    ['spaces between cells', simple.replaceAll(',', ' '), 'Churn', /the header has one cell, "age Churn", .*: separate cells by commas, semicolons, tabs or bars/],
    ['a name that no schema may have', simple.replace('age', 'constructor'), 'Churn', /"constructor" has a name that JavaScript reserves: rename it/],
    ['no rows', 'age,Churn\n', 'Churn', /no rows below the header/],
    ['nothing to learn from', csvOf({ up: (row) => String(row), Churn: left }), 'Churn', /no column can be an input of a model: .*\n {2}up: whole numbers that count up/],
    ['an Excel workbook', Buffer.from('504b0304', 'hex'), 'Churn', /Excel workbook/],
  ])('%s', async (_, csv, label, message) => {
    await expect(init(csv, '--label', label)).rejects.toThrow(message);
  }); // prettier-ignore

  it('one column as label and id', async () => {
    await expect(init(simple, '--label', 'Churn', '--id', 'churn')).rejects.toThrow(/--label and --id are both "Churn"/); // prettier-ignore
  });

  it('a file that is there already, unless --force', async () => {
    const { text } = await init(simple, '--label', 'Churn', '--name', 'first');
    const [data, out] = [join(folder, 'again.csv'), join(folder, 'again.yaml')];
    writeFileSync(data, simple);
    writeFileSync(out, text);
    const again = (...more: string[]) => initCommand().parseAsync([data, '--label', 'Churn', '--out', out, ...more], { from: 'user' }); // prettier-ignore
    await expect(again()).rejects.toThrow(
      /again\.yaml is there already: name another file with --out, or overwrite it with --force/,
    );
    expect(readFileSync(out, 'utf8')).toBe(text);
    const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await again('--force');
    quiet.mockRestore();
    expect(parseCustomerSchema(readFileSync(out, 'utf8'), out).name).toBe('again');
  });
});
