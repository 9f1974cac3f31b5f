/** Which cause is said: the deepest, and none that is only its consequence. */
import { expect, test } from 'vitest';
import { causesOf } from './causes.ts';
import type { Fault } from './fault.ts';
import type { HealthState } from './health-state.ts';

const well: HealthState = {
  kafka: { isUsable: true, faults: [] },
  model: { version: 'v', sha256: 's' },
  modelFault: undefined,
  joined: true,
  faults: [],
  assigned: [0, 1],
  ready: [0, 1],
  partitionFaults: [],
  waitingRecords: 5,
  silentMs: 300,
  stopping: false,
  stalled: false,
  uptimeSeconds: 5,
  roles: ['scorer'],
};
const fault = (code: Fault['code'], detail: string): Fault => ({ code, detail });
const away = {
  isUsable: false,
  faults: [fault('BROKER_UNAVAILABLE', 'Kafka does not answer at k:1: refused')],
};
const login = { isUsable: false, faults: [fault('KAFKA_UNAUTHORIZED', 'login refused for user u')] };
const missing = fault('TOPIC_MISSING', 'topics missing: a');
const registry = fault('REGISTRY_UNAVAILABLE', 'http://r: refused');
const notRead: Partial<HealthState> = { joined: false, assigned: [], ready: [], silentMs: undefined };
const unready: Partial<HealthState> = { ready: [1], partitionFaults: [registry] };

test.each<[what: string, change: Partial<HealthState>, causes: readonly string[]]>([
  ['nothing', {}, []],
  ['Kafka away at the start: not the model', { ...notRead, kafka: away, model: undefined, modelFault: fault('BROKER_UNAVAILABLE', 'x') }, ['503 BROKER_UNAVAILABLE Kafka does not answer at k:1: refused']],
  ['Kafka away, and no model in the image', { ...notRead, kafka: away, model: undefined, imageFault: fault('MODEL_UNAVAILABLE', 'no release') }, ['503 BROKER_UNAVAILABLE Kafka does not answer at k:1: refused', '503 MODEL_UNAVAILABLE Model not available: no release; the model log cannot be read now']],
  ['Kafka away while running: not what the role says of it', { kafka: away, joined: false, ready: [], partitionFaults: [fault('TRANSACTION_FAILED', 'x')] }, ['503 BROKER_UNAVAILABLE Kafka does not answer at k:1: refused']],
  ['login', { ...notRead, kafka: login }, ['503 KAFKA_UNAUTHORIZED login refused for user u']],
  ['a topic missing: once', { ...notRead, kafka: { isUsable: true, faults: [missing] }, faults: [fault('TOPIC_MISSING', 'topics missing: a (mine)')] }, ['503 TOPIC_MISSING topics missing: a']],
  ['a topic missing, and the registry away', { ...notRead, kafka: { isUsable: true, faults: [missing] }, registryFault: 'http://r' }, ['503 TOPIC_MISSING topics missing: a', '200 REGISTRY_UNAVAILABLE schema registry: http://r']],
  ['a topic missing, and the model log not read so far', { ...notRead, model: undefined, kafka: { isUsable: true, faults: [missing] } }, ['503 TOPIC_MISSING topics missing: a']],
  ['a right of the group: not that it has not joined', { joined: false, faults: [fault('KAFKA_UNAUTHORIZED', 'no right to READ group g')] }, ['503 KAFKA_UNAUTHORIZED no right to READ group g']],
  ['no model', { ...notRead, model: undefined, modelFault: fault('MODEL_UNAVAILABLE', 'none in the log: make train') }, ['503 MODEL_UNAVAILABLE Model not available: none in the log: make train']],
  ['a topic missing, and what the last reading of the model log said', { ...notRead, model: undefined, modelFault: fault('BROKER_UNAVAILABLE', 'refused'), kafka: { isUsable: true, faults: [missing] } }, ['503 TOPIC_MISSING topics missing: a']],
  ['Kafka is back, the model log is not read again so far', { ...notRead, model: undefined, modelFault: fault('BROKER_UNAVAILABLE', 'refused') }, ['503 BROKER_UNAVAILABLE Model not available: the model log could not be read (refused); it is tried again']],
  ['Kafka away, and the image, which is all there is, has no model', { ...notRead, kafka: away, model: undefined, modelFault: fault('MODEL_UNAVAILABLE', 'no release') }, ['503 BROKER_UNAVAILABLE Kafka does not answer at k:1: refused', '503 MODEL_UNAVAILABLE Model not available: no release']],
  ['the registry away, and no model yet', { ...notRead, model: undefined, registryFault: 'http://r' }, ['200 REGISTRY_UNAVAILABLE schema registry: http://r', '503 STARTING Model not available: the model log is being read']],
  ['a newer model refused, and a rebalance while records wait', { joined: false, modelFault: fault('MODEL_CORRUPT', 'v2 is refused: x') }, ['200 MODEL_CORRUPT model log: v2 is refused: x', '503 NOT_JOINED Not joined: the group is rebalancing']],
  ['no model yet', { ...notRead, model: undefined }, ['503 STARTING Model not available: the model log is being read']],
  ['a newer model refused', { modelFault: fault('MODEL_CORRUPT', 'v2 is refused: x') }, ['200 MODEL_CORRUPT model log: v2 is refused: x']],
  ['the model log forbidden', { modelFault: fault('KAFKA_UNAUTHORIZED', 'no right to READ topic m') }, ['503 KAFKA_UNAUTHORIZED model log: no right to READ topic m']],
  ['a rebalance', { joined: false, leftMs: 3200 }, ['503 NOT_JOINED Not joined: the group is rebalancing for 3 s']],
  ['a rebalance while nothing waits', { joined: false, leftMs: 3200, waitingRecords: 0 }, ['200 NOT_JOINED Not joined: the group is rebalancing for 3 s']],
  ['partitions that wait for the registry', unready, ['503 REGISTRY_UNAVAILABLE 1 of 2 partitions are not ready: http://r: refused']],
  ['the same while nothing waits', { ...unready, waitingRecords: 0, registryFault: 'http://r' }, ['200 REGISTRY_UNAVAILABLE 1 of 2 partitions are not ready: http://r: refused']],
  ['partitions without a right, while nothing waits', { ready: [1], waitingRecords: 0, partitionFaults: [fault('KAFKA_UNAUTHORIZED', 'no right to WRITE topic s')] }, ['503 KAFKA_UNAUTHORIZED 1 of 2 partitions are not ready: no right to WRITE topic s']],
  ['partitions being armed', { ready: [] }, ['503 PARTITIONS_NOT_READY 2 of 2 partitions are not ready']],
  ['a silent consumer', { silentMs: 10_500 }, ['503 BROKER_UNAVAILABLE Kafka does not answer the consumer: it has heard nothing for 11 s']],
  ['a stall hides all else', { stalled: true, kafka: away }, ['503 STALLED Stalled: nothing is consumed while Kafka answers']],
  ['one worker of two', { workers: { configured: 2, up: 1 } }, ['200 WORKERS_DOWN 1 of 2 workers are up']],
  ['no worker', { workers: { configured: 2, up: 0 } }, ['503 WORKERS_DOWN No worker is up']],
])('%s', (_, change, causes) => {
  const found = causesOf({ ...well, ...change });
  expect(found.map(({ blocks, code, detail }) => `${blocks ? '503' : '200'} ${code} ${detail}`)).toEqual(causes);
}); // prettier-ignore
