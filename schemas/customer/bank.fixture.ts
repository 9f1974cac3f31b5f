/** The schema that ships: the bank's ten inputs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AvroRecord } from '../avro-schema.ts';
import { eventShape, type Shape } from '../avro.ts';
import { customerEventAvro } from './avro.ts';
import { createEventReader, type EventReader } from './event-reader.ts';
import { parseCustomerSchema } from './parse.ts';
import type { CustomerEvent, CustomerSchema } from './schema.ts';

const FILE = join(import.meta.dirname, '../../configs/customer.yaml');

export const BANK: CustomerSchema = parseCustomerSchema(readFileSync(FILE, 'utf8'), FILE);

export const BANK_READER: EventReader = createEventReader(BANK);
export const BANK_AVRO: AvroRecord = customerEventAvro(BANK);
export const EVENT: Shape<CustomerEvent> = eventShape(BANK_READER);

/** The bank's schema with some keys of the file changed. */
export function customerSchema(changes: Partial<CustomerSchema>): CustomerSchema {
  return { ...BANK, ...changes };
}
