import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import type { SourcedEvent } from '../producers/sourced-event.ts';
import { isPoison, readEvent } from '../schemas/event.ts';
import type { CustomerEvent } from '../schemas/generated.ts';
import { eventFields } from '../training/dataset.ts';
import { messageOf } from '../schemas/errors.ts';

/**
 * Events of a file (`.csv` with the data set's columns, else JSON lines; `-` = JSON lines on stdin), one at a time.
 *
 * @throws Error naming the line that is not an event.
 */
export async function* readEvents(path: string): AsyncGenerator<SourcedEvent> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  yield* path.toLowerCase().endsWith('.csv') ? readCsv(path, input) : readJsonLines(path, input);
}

function checked(path: string, line: number, raw: unknown): CustomerEvent {
  const event = readEvent(raw);
  if (isPoison(event)) throw new Error(`${path}, line ${String(line)}: ${event.message}`);
  return event;
}

async function* readCsv(path: string, input: Readable): AsyncGenerator<SourcedEvent> {
  const rows = input.pipe(parse({ columns: true, skip_empty_lines: true, trim: true, bom: true }));
  input.once('error', (error) => rows.destroy(error));
  let index = 0;
  for await (const row of rows as AsyncIterable<Record<string, string>>) {
    const event = checked(
      path,
      index + 2,
      eventFields({ OccurredAt: new Date().toISOString(), ...row }, index),
    );
    yield { event, churned: row['Exited'] === undefined ? undefined : row['Exited'] === '1' };
    index += 1;
  }
}

async function* readJsonLines(path: string, input: Readable): AsyncGenerator<SourcedEvent> {
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === '') continue;
    let raw: unknown;
    try {
      raw = JSON.parse(text);
    } catch (cause) {
      throw new Error(`${path}, line ${String(line)}: ${messageOf(cause)}`, { cause });
    }
    yield { event: checked(path, line, raw), churned: undefined };
  }
}
