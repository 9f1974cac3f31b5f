/** Why a process does not do all its work, in order of depth: what lies deeper explains what lies above it, and hides it. */
import { distinct, type Fault } from './fault.ts';
import type { HealthState } from './health-state.ts';

/** One cause, and whether the process counts as unwell for it. */
export interface Cause extends Fault {
  readonly blocks: boolean;
}

/** Silence of a consumer that counts as a fault while Kafka answers others, milliseconds: many fetches (200 ms) and heartbeats (1 s). */
const SILENCE_MS = 10_000;
/** If nothing of Kafka can be used, each of these is a consequence. */
const OF_KAFKA: ReadonlySet<string> = new Set([
  'BROKER_UNAVAILABLE',
  'TRANSACTION_FAILED',
  'WRITER_FENCED',
  'KAFKA_UNAUTHORIZED',
  'KAFKA_TLS_FAILED',
  'KAFKA_REFUSED',
  'TOPIC_MISSING',
  'PARTITION_MISSING',
  'PARTITIONS_NOT_READY',
]);
/** Nobody has to do anything about these: while no record waits, they are no reason to be unwell. */
const HEALS: ReadonlySet<string> = new Set([
  'REGISTRY_UNAVAILABLE',
  'BROKER_UNAVAILABLE',
  'TRANSACTION_FAILED',
  'WRITER_FENCED',
  'NOT_JOINED',
  'PARTITIONS_NOT_READY',
]);

/** All causes, the deepest first. Of what is known already: it waits for nobody. */
export function causesOf(state: HealthState): Cause[] {
  const ends = ofProcess(state);
  if (ends.length > 0) return ends;
  const kafka = state.kafka.faults.map(blocking);
  const others = [...ofRoles(state), ...ofRegistry(state), ...ofModel(state), ...ofPartitions(state)];
  if (!state.kafka.isUsable) return [...kafka, ...others.filter(({ code }) => !OF_KAFKA.has(code))];
  const said = new Set(kafka.map(({ code }) => code));
  const causes = [...kafka, ...others.filter(({ code }) => !ofTopics(code) || !said.has(code))];
  const isExplained = causes.some(({ code, blocks }) => blocks || OF_KAFKA.has(code));
  const membership = isExplained ? [] : ofMembership(state);
  return [...causes, ...membership, ...ofWorkers(state), ...ofConcerns(state)];
}

/** The look at the topics names all of them, a role its own. */
const ofTopics = (code: string): boolean => code === 'TOPIC_MISSING' || code === 'PARTITION_MISSING';

const blocking = (fault: Fault): Cause => ({ ...fault, blocks: true });
const unlessItHeals = (fault: Fault, { waitingRecords }: HealthState): Cause => ({
  ...fault,
  blocks: !HEALS.has(fault.code) || waitingRecords !== 0,
});

function ofProcess({ stalled, stopping, workers }: HealthState): Cause[] {
  if (stalled)
    return [blocking({ code: 'STALLED', detail: 'Stalled: nothing is consumed while Kafka answers' })];
  if (stopping) return [blocking({ code: 'STOPPING', detail: 'Stopping' })];
  if (workers?.up === 0) return [blocking({ code: 'WORKERS_DOWN', detail: 'No worker is up' })];
  return [];
}

const ofRoles = (state: HealthState): Cause[] => state.faults.map((fault) => unlessItHeals(fault, state));

function ofRegistry(state: HealthState): Cause[] {
  const { registryFault, partitionFaults } = state;
  const isSaid = partitionFaults.some(({ code }) => code === 'REGISTRY_UNAVAILABLE');
  if (registryFault === undefined || isSaid) return [];
  // Which records need it is not known: those that do make their partition unready.
  return [{ code: 'REGISTRY_UNAVAILABLE', detail: `schema registry: ${registryFault}`, blocks: false }];
}

function ofModel({ model, modelFault, imageFault, kafka }: HealthState): Cause[] {
  if (model !== undefined)
    return modelFault === undefined
      ? []
      : [
          {
            ...modelFault,
            detail: `model log: ${modelFault.detail}`,
            blocks: modelFault.code === 'KAFKA_UNAUTHORIZED',
          },
        ];
  if (modelFault !== undefined && HEALS.has(modelFault.code) && kafka.isUsable) {
    // Of the last try: Kafka may be back since then.
    const detail = `the model log could not be read (${modelFault.detail}); it is tried again`;
    return kafka.faults.length > 0 ? [] : [noModel({ ...modelFault, detail })];
  }
  if (modelFault !== undefined && (kafka.isUsable || !OF_KAFKA.has(modelFault.code)))
    return [noModel(modelFault)];
  if (kafka.isUsable || imageFault === undefined) return [];
  return [noModel({ ...imageFault, detail: `${imageFault.detail}; the model log cannot be read now` })];
}

const noModel = ({ code, detail }: Fault): Cause =>
  blocking({ code, detail: `Model not available: ${detail}` });

function ofPartitions(state: HealthState): Cause[] {
  const { assigned, ready } = state;
  const unready = assigned.length - ready.length;
  if (unready <= 0) return [];
  const count = `${String(unready)} of ${String(assigned.length)} partitions are not ready`;
  const [first, ...rest] = distinct(state.partitionFaults);
  if (first === undefined) return [unlessItHeals({ code: 'PARTITIONS_NOT_READY', detail: count }, state)];
  const counted = { code: first.code, detail: `${count}: ${first.detail}` };
  return [counted, ...rest].map((fault) => unlessItHeals(fault, state));
}

/** What is left if nothing else explains it. */
function ofMembership(state: HealthState): Cause[] {
  const { model, joined, leftMs, silentMs = 0 } = state;
  if (model === undefined) return [noModel({ code: 'STARTING', detail: 'the model log is being read' })];
  if (!joined) {
    const since = leftMs === undefined ? '' : ` for ${seconds(leftMs)}`;
    return [
      unlessItHeals({ code: 'NOT_JOINED', detail: `Not joined: the group is rebalancing${since}` }, state),
    ];
  }
  if (silentMs <= SILENCE_MS) return [];
  const detail = `Kafka does not answer the consumer: it has heard nothing for ${seconds(silentMs)}`;
  return [blocking({ code: 'BROKER_UNAVAILABLE', detail })];
}

function ofWorkers({ workers }: HealthState): Cause[] {
  if (workers === undefined || workers.up >= workers.configured) return [];
  const detail = `${String(workers.up)} of ${String(workers.configured)} workers are up`;
  return [{ code: 'WORKERS_DOWN', detail, blocks: false }];
}

/** What needs an operator while scoring goes on. */
function ofConcerns({ deadLetterShare, warnings = [] }: HealthState): Cause[] {
  const needed = warnings.map((detail): Cause => ({ code: 'OPERATOR_NEEDED', detail, blocks: false }));
  if (deadLetterShare === undefined) return needed;
  const detail = `${(deadLetterShare * 100).toFixed(0)} % of the last events are dead letters`;
  return [{ code: 'DEAD_LETTERS', detail, blocks: false }, ...needed];
}

const seconds = (ms: number): string => `${String(Math.round(ms / 1000))} s`;
