import { shown } from '../schemas/csv/errors.ts';
import { readText, type Chunks } from '../schemas/csv/text.io.ts';
import { createEventReader } from '../schemas/customer/event-reader.ts';
import { fieldNames } from '../schemas/customer/names.ts';
import { isPoison } from '../schemas/event.ts';
import { similarField, type FieldCounts } from '../schemas/fields.ts';
import type { CustomerEvent, CustomerSchema } from '../schemas/customer/schema.ts';
import { decodeJson } from '../schemas/json.ts';

/** Unknown fields that are named, each once. */
const MOST_NAMED = 10;

/**
 * Events of JSON lines, one at a time; fields that no event has are named once.
 *
 * @throws Error naming the line that is not an event.
 */
export async function* readJsonLines(
  input: Chunks,
  path: string,
  schema: CustomerSchema,
  notice: (line: string) => void,
): AsyncGenerator<CustomerEvent> {
  const { read } = createEventReader(schema);
  const known = fieldNames(schema);
  const unknown = new Set<string>();
  for await (const { bytes, line: first } of readText(
    input,
    path,
    (before) => `character ${String(before.length + 1)}`,
  )) {
    let line = first;
    for (const text of bytes.toString().split('\n')) {
      if (text.trim() !== '') {
        const fields: FieldCounts = new Map();
        const event = decodeJson(Buffer.from(text), read, fields);
        nameUnknown(fields, known, unknown, (field) => notice(`${path}, line ${String(line)}: ${field}`));
        if (isPoison(event))
          throw new Error(`${path}, line ${String(line)}: ${event.message}${hint(text, line)}`);
        yield event;
      }
      line += 1;
    }
  }
}

const hint = (text: string, line: number): string =>
  line === 1 && !/^\s*[{[]/.test(text) ? ' (a CSV is read from a file whose name ends in .csv)' : '';

function nameUnknown(
  fields: FieldCounts,
  known: readonly string[],
  named: Set<string>,
  notice: (line: string) => void,
): void {
  for (const field of fields.keys()) {
    if (named.has(field) || named.size >= MOST_NAMED) continue;
    named.add(field);
    const meant = similarField(field, known);
    notice(`field not read: ${shown(field)}${meant === undefined ? '' : `: did you mean ${meant}?`}`);
  }
}
