/** The schema that ships: the bank's ten inputs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCustomerSchema } from './parse.ts';
import type { CustomerSchema } from './schema.ts';

const FILE = join(import.meta.dirname, '../../configs/customer.yaml');

export const BANK: CustomerSchema = parseCustomerSchema(readFileSync(FILE, 'utf8'), FILE);

/** The bank's schema with some keys of the file changed. */
export function customerSchema(changes: Partial<CustomerSchema>): CustomerSchema {
  return { ...BANK, ...changes };
}
