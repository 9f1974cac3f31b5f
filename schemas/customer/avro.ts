/** The Avro schema of customer events, derived from the customer schema. */
import { MAX_TEXT } from '../checks.ts';
import type { AvroRecord } from '../avro-schema.ts';
import { isInt32 } from './input-checks.ts';
import type { CustomerInput, CustomerSchema } from './schema.ts';

const ID_DOC = `1..${String(MAX_TEXT)} characters`;

/** The Avro type of an input: a whole number is an int unless its range needs a long. */
function typeOf(input: CustomerInput): string {
  switch (input.type) {
    case 'number':
      return 'double';
    case 'integer':
      return isInt32(input) ? 'int' : 'long';
    case 'boolean':
      return 'boolean';
    case 'category':
      return 'string';
  }
}

/** The Avro record of the topic `customer-events`: ids and time, then each input, which may be missing. */
export function customerEventAvro({ inputs }: Pick<CustomerSchema, 'inputs'>): AvroRecord {
  return {
    type: 'record',
    name: 'CustomerEvent',
    namespace: 'bankchurn',
    doc: "A fact about one customer at one time, with the model's inputs. A null input is missing.",
    fields: [
      { name: 'eventId', type: 'string', doc: ID_DOC },
      { name: 'customerId', type: 'string', doc: `${ID_DOC}; the record's key` },
      { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
      ...inputs.map((input) => ({
        name: input.name,
        type: ['null', typeOf(input)],
        default: null,
        ...(input.doc === undefined ? {} : { doc: input.doc }),
      })),
    ],
  };
}
