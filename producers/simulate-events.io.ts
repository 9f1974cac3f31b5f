import { createRandom } from '../schemas/random.ts';
import { DRIFT_SCENARIOS, type DriftName, type DriftScenario } from './drift-scenarios.ts';
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
