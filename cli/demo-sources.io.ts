/** What the demo streams: simulated customers, a file once, or rows drawn from it; then a part that drifts. */
import { parseGolden } from '../models/golden.ts';
import type { Release } from '../models/manifest.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { say } from './context.ts';
import { readDrift } from './drift-option.ts';
import { openEvents, type ReadingOptions } from './event-file.io.ts';
import { drawNow, drifting, readRows, simulateNow } from './event-source.io.ts';
import { pickDrift } from './pick-drift.ts';

export interface DemoInput extends ReadingOptions {
  /** A file of events; undefined: simulated customers. */
  readonly events?: string;
  /** Undefined: each row of the file once, or 20,000 simulated events. */
  readonly count?: number;
  /** See `readDrift`; undefined: one that fits. */
  readonly drift?: readonly string[];
}

/** What is streamed: most events as fast as they go, the last ones calmly; then those that drift. */
export interface Sources {
  readonly burst: readonly SourcedEvent[];
  readonly calm: readonly SourcedEvent[];
  /** Unreadable records in between. */
  readonly damaged: readonly string[];
  /** Undefined: no drift is shown. */
  readonly drift: DriftPlan | undefined;
}

/** The part of the stream that drifts. */
export interface DriftPlan {
  /** What is different in it. */
  readonly words: string;
  /** Its events, from now on. */
  readonly events: () => AsyncIterable<SourcedEvent>;
}

/** Event ids of that part begin so. */
export const DRIFT_ID_PREFIX = 'drift-';
const DRIFT_SEED = 2;
const DRIFTED_EVENTS_MOST = 450_000;
/** Fewer events before the drift say too little about a stream without it. */
const DRIFT_NEEDS_EVENTS = 20_000;
const SIMULATED_EVENTS = 20_000;
/** The drift of simulated customers unless another is asked for, and what it is. */
const [NEW_PRODUCT, NEW_PRODUCT_WORDS] = [
  'new-product',
  'three in ten customers hold a product that the model has never seen',
];
/** Of the events, the last ones, which come calmly. */
const CALM_SHARE = 0.1;
const CALM_MOST = 2000;
/** Unreadable records among the simulated events. */
const DAMAGED = [
  'not an event',
  '{"eventId":"x"',
  '{"eventId":"e","customerId":"c","occurredAt":1}',
  '\0\0\0\0\0',
  '',
];

/**
 * Makes the sources. A file is read as a whole here, before anything is started: an error in it comes at once.
 *
 * @param release whose profile a drift is picked by.
 */
export async function openSources(
  input: DemoInput,
  schema: CustomerSchema,
  release: Release,
): Promise<Sources> {
  const { events: file, count, allowMissing, badRows } = input;
  if (file === undefined) return simulated(input, schema);
  const asked = input.drift && changesOf(input.drift, schema);
  const reading = { allowMissing, badRows, schema, notice: say };
  const rows = await readRows(await openEvents(file, reading), file);
  if (count === undefined) {
    say('each row is scored once, without drift; with DEMO_EVENTS=30000, so many are drawn and then drift');
    return { ...parted(rows), damaged: [], drift: undefined };
  }
  say(`${String(count)} events are drawn with replacement (seed 1) from ${String(rows.length)} rows`);
  const drift = mayDrift(count, rows) ? (asked ?? picked(release, schema)) : undefined;
  return {
    ...parted([...drawNow(rows, count, 1, 'demo-')]),
    damaged: [],
    drift: drift && planOf(drift, () => drawNow(rows, DRIFTED_EVENTS_MOST, DRIFT_SEED, DRIFT_ID_PREFIX)),
  };
}

function simulated({ count = SIMULATED_EVENTS, drift: asked }: DemoInput, schema: CustomerSchema): Sources {
  const simulate = (events: number, seed: number, idPrefix: string): Generator<SourcedEvent> =>
    simulateNow(
      schema,
      events,
      seed,
      idPrefix,
      'name a file: EVENTS=customers.csv DEMO_EVENTS=30000 make demo',
    );
  const drift = readDrift(asked ?? [NEW_PRODUCT], schema, true);
  const words = asked?.join('; ') ?? NEW_PRODUCT_WORDS;
  const drifted = () => simulate(DRIFTED_EVENTS_MOST, DRIFT_SEED, DRIFT_ID_PREFIX);
  return {
    ...parted([...simulate(count, 1, 'demo-')]),
    damaged: DAMAGED,
    drift: isLongEnough(count) ? planOf({ words, drift }, drifted) : undefined,
  };
}

interface WordedDrift {
  readonly words: string;
  readonly drift: ReturnType<typeof readDrift>;
}

const planOf = ({ words, drift }: WordedDrift, events: () => Iterable<SourcedEvent>): DriftPlan => ({
  words,
  events: () => drifting(events(), drift, 0, DRIFT_SEED),
});

const changesOf = (texts: readonly string[], schema: CustomerSchema): WordedDrift => ({
  words: texts.join('; '),
  drift: readDrift(texts, schema, false),
});

/** A drift by the model's profile. */
function picked({ manifest, golden }: Release, schema: CustomerSchema): WordedDrift | undefined {
  const change = pickDrift(manifest, parseGolden(golden), schema);
  if (change !== undefined) return changesOf([change.text], schema);
  say(
    'drift is left out: no change of one input would be seen; name some in DEMO_DRIFT, as age+10;tenure=missing:30%',
  );
  return undefined;
}

function isLongEnough(count: number): boolean {
  const isEnough = count >= DRIFT_NEEDS_EVENTS;
  if (!isEnough) say(`drift is left out: it needs DEMO_EVENTS=${String(DRIFT_NEEDS_EVENTS)} or more`);
  return isEnough;
}

/** A challenger is trained on outcomes. */
function mayDrift(count: number, rows: readonly SourcedEvent[]): boolean {
  if (!isLongEnough(count)) return false;
  const isMixed = [true, false].every((outcome) => rows.some(({ churned }) => churned === outcome));
  if (!isMixed)
    say(
      'drift is left out: a model is trained on outcomes, and the file’s label column does not have both of them',
    );
  return isMixed;
}

function parted(events: readonly SourcedEvent[]): Pick<Sources, 'burst' | 'calm'> {
  const calm = Math.min(CALM_MOST, Math.ceil(events.length * CALM_SHARE));
  return { burst: events.slice(0, events.length - calm), calm: events.slice(events.length - calm) };
}
