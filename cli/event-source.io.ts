import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { DRIFT_SCENARIOS, type Drift, type DriftScenario } from '../producers/drift-scenarios.ts';
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

/** Simulated customers, at most `count`; with a scenario they have left the training profile. */
export function* simulateEvents(
  count: number,
  seed: number,
  idPrefix: string,
  scenario?: DriftScenario,
): Generator<SourcedEvent> {
  const next = createSimulator({ seed, startMs: Date.now(), stepMs: 1, idPrefix });
  const random = createRandom(seed + 1);
  const drift: Drift | undefined = scenario === undefined ? undefined : DRIFT_SCENARIOS[scenario];
  for (let i = 0; i < count; i++) {
    const { event, churned } = next();
    // What a drifted customer does is not known to the simulator: no truth is claimed.
    yield drift === undefined ? { event, churned } : { event: drift(event, random), churned: undefined };
  }
}
