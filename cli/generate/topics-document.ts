/** What `docs/asyncapi.yaml` says of customer events: from the customer schema that ships. */
import { stringify } from 'yaml';
import { customerEventAvro } from '../../schemas/customer/avro.ts';
import type { CustomerSchema } from '../../schemas/customer/schema.ts';

/** The message of the topic `customer-events`, as lines of YAML under `components.messages`. */
export function customerEventMessage(schema: CustomerSchema): string {
  const message = {
    CustomerEvent: {
      payload: {
        schemaFormat: 'application/vnd.apache.avro;version=1.9.0',
        schema: customerEventAvro(schema),
      },
    },
  };
  const text = stringify(message, { lineWidth: 0, singleQuote: true });
  return text.trimEnd().replace(/^/gm, '    ');
}
