import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { DRIFT_SCENARIOS, type DriftName, type DriftScenario } from '../producers/drift-scenarios.ts';
import { createRandom } from '../schemas/random.ts';
import { createSimulator } from '../producers/simulator.ts';
import { isPoison, readEvent } from '../schemas/event.ts';
import type { CustomerEvent } from '../schemas/generated.ts';
import { eventFields } from '../training/dataset.ts';

/** An event and, where the source knows it, whether the customer left. */
export interface SourcedEvent {
  readonly event: CustomerEvent;
  readonly churned: boolean | undefined;
}

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
      throw new Error(
        `${path}, line ${String(line)}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
    yield { event: checked(path, line, raw), churned: undefined };
  }
}

/** How a simulated stream leaves the training profile. */
export interface StreamDrift {
  readonly name: DriftName;
  /** Events over which the share of drifted ones grows from none to all; 0 = all from the first on. */
  readonly overEvents: number;
}

/** Simulated customers, at most `count`, each with the truth about it. */
export function* simulateEvents(
  count: number,
  seed: number,
  idPrefix: string,
  drift?: StreamDrift,
): Generator<SourcedEvent> {
  const next = createSimulator({ seed, startMs: Date.now(), stepMs: 1, idPrefix });
  if (drift === undefined) {
    for (let i = 0; i < count; i++) yield next();
    return;
  }
  const random = createRandom(seed + 1);
  const { change, truth }: DriftScenario = DRIFT_SCENARIOS[drift.name];
  for (let i = 0; i < count; i++) {
    const customer = next();
    const isDrifted = random.next() * drift.overEvents < i + 1;
    if (!isDrifted) {
      yield customer;
      continue;
    }
    const event = change(customer.event, random);
    const churned = truth === undefined ? customer.churned : random.next() < truth(event);
    yield { event, churned };
  }
}
