/** The law of the loop, checked against the step alone: whatever answers in whatever order. */
import { expect, test } from 'vitest';
import { BankChurnError } from '../schemas/errors.ts';
import type { Batch, Decision, Role, Writer } from '../schemas/ports.ts';
import { recordsOf, type Records } from '../schemas/records.ts';
import { createRandom, type Random } from '../schemas/random.ts';
import {
  INITIAL_STATE,
  type Effect,
  type Happening,
  type InHand,
  type LoopState,
  type PartitionHappening,
} from './loop-state.ts';
import { readyPartitions, step } from './loop-step.ts';
import { GroupError } from './membership.ts';

const RULES = { topic: 'in', maxBatchRecords: 3, maxSendBytes: 1e6, backOffMs: { first: 10, longest: 80 } };
const STAGES = { decide: 0, send: 0, commit: 0 };
const WALKS = 3000;
const STEPS = 120;

/** A world that only knows the effects: it answers each at random, and notes what breaks the law. */
function createWorld(random: Random) {
  let state: LoopState = INITIAL_STATE;
  const pending: Happening[] = [];
  const open = new Set<Writer>();
  const settled = new Map<InHand, number>();
  const broken: string[] = [];
  /** Of each turn: how far it has come on the only way to `idle`. */
  const way = new Map<number, string>();
  let committed = new Set<Batch>();

  const maybe = (share: number): boolean => random.next() < share;
  const failure = (): unknown =>
    maybe(0.1) ? new BankChurnError('OFFSET_OUT_OF_RANGE', 'gone') : maybe(0.2) ? new GroupError('lost') : new Error('away'); // prettier-ignore

  function newWriter(): Writer {
    const refuse = (): never => {
      throw new Error('the step called a writer');
    };
    const writer = { claim: refuse, begin: refuse, isSound: refuse, close: refuse };
    open.add(writer);
    return writer;
  }
  const role: Role = () => {
    throw new Error('the step called a role');
  };

  function answerOf(effect: Effect): PartitionHappening | undefined {
    if (!('turn' in effect)) return undefined;
    const { partition, turn } = effect;
    const inHand = 'inHand' in effect ? effect.inHand : undefined;
    const at = { partition, turn };
    if (effect.do === 'ask')
      return maybe(0.7) ? { kind: 'heard', ...at, inHand } : { kind: 'unheard', ...at, inHand, cause: new GroupError('lost', { cause: new Error('rejoin') }) }; // prettier-ignore
    if (effect.do === 'wait') return { kind: 'waited', ...at };
    if (effect.do === 'start' || effect.do === 'resolve') return undefined;
    if (maybe(0.15)) return { kind: 'failed', ...at, error: failure(), inHand };
    switch (effect.do) {
      case 'open':
        return { kind: 'opened', ...at, writer: newWriter() };
      case 'locate': {
        const moves = maybe(0.3);
        const position = { committed: maybe(0.5) ? random.int(9) : undefined, start: moves ? 5 : 0, low: 0, high: 9 }; // prettier-ignore
        return { kind: 'located', ...at, position };
      }
      case 'claim':
        return { kind: 'claimed', ...at };
      case 'prepare':
        return { kind: 'prepared', ...at, role, nowMs: 0 };
      case 'decide':
        if (maybe(0.1)) return { kind: 'unsound', ...at, inHand: effect.inHand };
        return { kind: 'decided', ...at, batch: effect.batch, decision: DECISION, decideMs: 0, inHand: effect.inHand }; // prettier-ignore
      case 'reject':
        return { kind: 'decided', ...at, batch: effect.batch, decision: DECISION, decideMs: 0, inHand: effect.inHand }; // prettier-ignore
      case 'write':
        return { kind: 'written', ...at, batch: effect.batch, decision: effect.decision, stageMs: STAGES, inHand: effect.inHand }; // prettier-ignore
    }
  }

  function note(effect: Effect): void {
    const must = (holds: boolean, law: string): void => {
      if (!holds) broken.push(law);
    };
    if (effect.do === 'open') way.set(effect.turn, 'open');
    if (effect.do === 'locate') {
      must(way.get(effect.turn) === 'open', 'the offset is read after the writer was opened');
      way.set(effect.turn, 'located');
    }
    if (effect.do === 'claim') {
      must(way.get(effect.turn) === 'located', 'an offset is claimed after it was read');
      way.set(effect.turn, 'claimed');
    }
    if (effect.do === 'start') must(way.get(effect.turn) === 'claimed', 'a fetch starts after the offset was claimed'); // prettier-ignore
    if (effect.do === 'write' || effect.do === 'decide' || effect.do === 'claim') must(open.has(effect.writer), 'a closed writer is not used'); // prettier-ignore
    if (effect.do === 'close') must(open.delete(effect.writer), 'a writer is closed once');
    if (effect.do === 'settle') settled.set(effect.inHand, (settled.get(effect.inHand) ?? 0) + 1);
    if (effect.do === 'report-committed') committed.delete(effect.batch);
  }

  return {
    broken,
    settled,
    open,
    pending,
    happen: (happening: Happening): void => {
      if (happening.kind === 'written') committed = new Set([happening.batch]);
      const [after, effects] = step(state, happening, RULES);
      state = after;
      for (const effect of effects) {
        note(effect);
        const answer = answerOf(effect);
        if (answer !== undefined) pending.push(answer);
      }
      if (committed.size > 0) broken.push('a commit that succeeded is reported');
      committed = new Set();
    },
  };
}

const DECISION: Decision = { emit: [], commit: 1, outcomes: new Map() };
const records = (from: number, count: number): Records =>
  recordsOf(Array.from({ length: count }, (_, i) => ({ offset: from + i, timestampMs: 0, key: null, value: null, headers: {} }))); // prettier-ignore
const newInHand = (): InHand => ({
  heartbeat: () => Promise.reject(new Error('the step called a delivery')),
  resolve: () => undefined,
  settle: () => undefined,
});

function walk(seed: number) {
  const random = createRandom(seed);
  const world = createWorld(random);
  const given: InHand[] = [];
  world.happen({ kind: 'assigned', partitions: [0, 1] });
  for (let i = 0; i < STEPS; i++) {
    const dice = random.int(20);
    if (dice === 0) world.happen({ kind: 'assigned', partitions: random.int(2) === 0 ? [0] : [0, 1] });
    else if (dice < 8) {
      const delivery = newInHand();
      given.push(delivery);
      const work = { delivery, records: records(random.int(9), random.int(6)) };
      world.happen({ kind: 'delivered', partition: random.int(2), work, nowMs: i * 300 });
    } else if (world.pending.length > 0) {
      const [next] = world.pending.splice(random.int(world.pending.length), 1);
      world.happen(next!);
    }
  }
  world.happen({ kind: 'stopping' });
  while (world.pending.length > 0) world.happen(world.pending.shift()!);
  world.happen({ kind: 'closing' });
  while (world.pending.length > 0) world.happen(world.pending.shift()!);
  return { ...world, given };
}

test(`${String(WALKS)} walks: the law holds, each delivery ends once, each writer is closed once, no handle is called`, () => {
  for (let seed = 0; seed < WALKS; seed++) {
    const { broken, settled, given, open } = walk(seed);
    expect([seed, broken]).toEqual([seed, []]);
    expect([seed, given.filter((delivery) => settled.get(delivery) !== 1).length]).toEqual([seed, 0]);
    expect([seed, open.size]).toEqual([seed, 0]);
  }
});

test('a step leaves the state it was given as it was', () => {
  const [before] = step(INITIAL_STATE, { kind: 'assigned', partitions: [0] }, RULES);
  const frozen = JSON.stringify([...before.partitions]);
  step(before, { kind: 'failed', partition: 0, turn: 1, error: new Error('away'), inHand: undefined }, RULES);
  expect(JSON.stringify([...before.partitions])).toBe(frozen);
  expect(readyPartitions(before, 0)).toEqual([]);
});
