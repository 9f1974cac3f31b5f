import { namedDrift, type DriftName } from './drift-scenarios.ts';
import { createDrifter } from './drift-stream.ts';
import { createSimulator } from './simulator.ts';
import type { SourcedEvent } from './sourced-event.ts';

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
  const drifted =
    drift === undefined ? undefined : createDrifter(namedDrift(drift.name), drift.overEvents, seed + 1);
  for (let i = 0; i < count; i++) yield drifted === undefined ? next() : drifted(next());
}
