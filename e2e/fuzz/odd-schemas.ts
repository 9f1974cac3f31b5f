/** Writer schemas of others: ours with odd types, odd names, and nested as nobody would. */
import { BANK_AVRO } from '../../schemas/customer/bank.fixture.ts';
import type { Random } from '../../schemas/random.ts';
import { oddValue, oneOf } from './odd-values.ts';

const NAMES = [
  'CustomerEvent',
  'com.bank.CustomerEvent',
  'Other',
  'CustomerOutcome',
  '__proto__',
  '',
  'a.b.',
];
const TYPES: readonly unknown[] = [
  'null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string', 'CustomerEvent', 'nonsense', '__proto__', 7, null, {},
  { type: 'long', logicalType: 'timestamp-millis' }, { type: 'long', logicalType: 'timestamp-micros' },
  { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }, { type: 'bytes', logicalType: 'decimal', precision: 1e9, scale: 1e8 },
  { type: 'fixed', name: 'F', size: 3 }, { type: 'fixed', name: 'G', size: 1e15 }, { type: 'fixed', name: 'H', size: 0 },
  { type: 'enum', name: 'E', symbols: ['France', 'Spain'] }, { type: 'enum', name: 'E2' }, { type: 'record', name: 'R', fields: [] },
]; // prettier-ignore

function oddType(random: Random, depth: number): unknown {
  const kind = random.int(depth > 4 ? 8 : 14);
  if (kind < 8) return oneOf(random, TYPES);
  const inner = (): unknown => oddType(random, depth + 1);
  if (kind < 10) return Array.from({ length: random.int(4) }, inner);
  if (kind === 10) return { type: 'array', items: inner() };
  if (kind === 11) return { type: 'map', values: inner() };
  if (kind === 12) return { type: inner() };
  const fields = Array.from({ length: random.int(4) }, (_, i) => ({
    name: `f${String(i)}`,
    type: inner(),
  }));
  return { type: 'record', name: `R${String(random.int(1e6))}`, fields };
}

/** The text of a schema. */
export function oddSchema(random: Random): string {
  if (random.int(50) === 0) return oddValue(random);
  if (random.int(5000) === 0) return '['.repeat(200_000);
  const fields: unknown[] = BANK_AVRO.fields.map((field) =>
    random.int(15) === 0 ? { ...field, type: oddType(random, 0) } : field,
  );
  if (random.int(2) === 0) fields.push({ name: 'extra', type: oddType(random, 0) });
  if (random.int(10) === 0) fields.splice(random.int(fields.length), 1);
  const name = random.int(8) === 0 ? oneOf(random, NAMES) : 'CustomerEvent';
  return JSON.stringify({ ...BANK_AVRO, name, fields });
}
