import { COLUMNS, fieldOf, likeness } from '../schemas/csv/columns.ts';
import { shown } from '../schemas/csv/errors.ts';
import { readText, type Chunks } from '../schemas/csv/text.io.ts';
import { messageOf } from '../schemas/errors.ts';
import { isPoison, readEvent } from '../schemas/event.ts';
import type { CustomerEvent } from '../schemas/generated.ts';

const KNOWN = new Set(['Surname', 'surname', ...COLUMNS, ...COLUMNS.map(fieldOf)]);
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
  notice: (line: string) => void,
): AsyncGenerator<CustomerEvent> {
  const unknown = new Set<string>();
  for await (const { bytes, line: first } of readText(
    input,
    path,
    (before) => `character ${String(before.length + 1)}`,
  )) {
    let line = first;
    for (const text of bytes.toString().split('\n')) {
      if (text.trim() !== '') {
        const raw = parseLine(text, path, line);
        nameUnknown(raw, path, line, unknown, notice);
        const event = readEvent(raw);
        if (isPoison(event)) throw new Error(`${path}, line ${String(line)}: ${event.message}`);
        yield event;
      }
      line += 1;
    }
  }
}

function parseLine(text: string, path: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const hint =
      line === 1 && !/^\s*[{[]/.test(text) ? ' (a CSV is read from a file whose name ends in .csv)' : '';
    throw new Error(`${path}, line ${String(line)}: ${messageOf(cause)}${hint}`, { cause });
  }
}

function nameUnknown(
  raw: unknown,
  path: string,
  line: number,
  named: Set<string>,
  notice: (line: string) => void,
): void {
  if (typeof raw !== 'object' || raw === null) return;
  for (const field of Object.keys(raw)) {
    if (KNOWN.has(field) || named.has(field) || named.size >= MOST_NAMED) continue;
    named.add(field);
    const meant = COLUMNS.find((column) => likeness(field, column) === 'misspelt');
    const hint = meant === undefined ? '' : `: did you mean ${fieldOf(meant)}?`;
    notice(`${path}, line ${String(line)}: field not read: ${shown(field)}${hint}`);
  }
}
