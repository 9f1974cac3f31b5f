/** One run of a seed: a few scorers, faults at any time, then calm; and whether the law held. */
import { createRandom, type Random } from '../../schemas/random.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import type { Batch, Reject, Role } from '../../schemas/ports.ts';
import { createBroker } from './broker.ts';
import { createGroup, SESSION_MS } from './group.ts';
import { startMember, type Bent, type Member } from './member.ts';
import { startProcess, type SimulatedProcess, type Weather } from './process.ts';
import { createScheduler } from './scheduler.ts';

/** What went wrong, or undefined. `faults`: what was done to the scorers, in words. */
export interface Outcome {
  readonly violation: string | undefined;
  readonly faults: readonly string[];
}

/** Faults happen until then, virtual milliseconds. */
const STORM_MS = 500;
/** In calm weather everything must have been done by then. */
const PATIENCE_MS = 20_000;
/** A zombie would have written by then. */
const GRACE_MS = 600;
const PANE = 3;

/** Runs the loop through the world of a seed. */
export async function simulate(seed: number, bent: Bent = {}): Promise<Outcome> {
  const random = createRandom(seed);
  const time = createScheduler();
  const partitions = 1 + random.int(3);
  const broker = createBroker(partitions, random, time);
  const group = createGroup(partitions, random, time);
  const weather: Weather = { loss: random.int(3) * 0.02, slow: random.int(3) * 0.05 };
  const isPane = random.int(4) === 0;
  const movingStart = !isPane && random.int(8) === 0;
  const isSlow = random.int(4) === 0;
  /** Some records make the role throw, whatever the weather. */
  const isBuggy = createRandom(seed ^ 0x5eed).int(4) === 0; // of its own, so that other worlds stay as they are
  const isCursed = (offset: number): boolean => isBuggy && offset % 5 === 2;
  const faults: string[] = [];
  const violations: string[] = [];
  const members: Member[] = [];
  let started = 0;

  function start(): void {
    const process = startProcess(time, random, weather);
    const openRole = (own: SimulatedProcess, _: number, offset: number): Role =>
      cursed(isPane ? paneRole(offset) : copyRole(own, random, weather, isSlow), isCursed);
    const reject = isPane ? skip : mark;
    members.push(
      startMember({ id: `m${String(started++)}`, broker, group, process, random, time, movingStart, openRole, reject, bent, onFault: (what) => violations.push(what) }),
    ); // prettier-ignore
  }

  function strike(): void {
    const living = members.filter((member) => !member.process.isDead());
    const member = living[random.int(living.length)];
    const kind = ['crash', 'stall', 'disturb', 'stop', 'restart'][random.int(5)]!;
    faults.push(`${kind} at ${String(time.now())}`);
    const restart = (): void => {
      member?.process.die();
      time.after(random.int(200), start);
    };
    if (kind === 'restart') broker.restart();
    else if (kind === 'disturb' || member === undefined) group.disturb();
    else if (kind === 'stall') member.process.stall(20 + random.int(400));
    else if (kind === 'crash') restart();
    else void member.stop().then(restart);
  }

  for (let p = 0; p < partitions; p++) {
    const records = 4 + random.int(10);
    for (let i = 0; i < records; i++)
      time.after(random.int(2) * random.int(STORM_MS), () => broker.append(p));
  }
  const count = 1 + random.int(3);
  for (let i = 0; i < count; i++) time.after(random.int(100), start);
  for (let i = random.int(6); i > 0; i--) time.after(random.int(STORM_MS), strike);
  time.after(STORM_MS, () => {
    weather.loss = 0;
    weather.slow = 0;
  });

  const expected = (p: number): string[] =>
    isPane
      ? panesOf(broker.input[p]!.filter((offset) => !isCursed(offset)))
      : broker.input[p]!.map((offset) => (isCursed(offset) ? `!${String(offset)}` : String(offset)));
  const isDone = (): boolean => {
    if (time.now() < STORM_MS || !broker.isQuiet()) return false;
    for (let p = 0; p < partitions; p++) {
      const last = broker.input[p]!.at(-1)!;
      if (isPane ? broker.visible(p).length < expected(p).length : (broker.committed(p) ?? -1) <= last)
        return false;
    }
    return true;
  };
  const isComplete = await time.run(isDone, PATIENCE_MS);
  if (!isComplete) violations.push('not done in calm weather');
  else await time.run(() => false, time.now() + GRACE_MS);
  for (let p = 0; p < partitions; p++) {
    const seen = broker.visible(p);
    const wanted = movingStart ? expected(p).slice(-seen.length || Infinity) : expected(p);
    if (seen.join() !== wanted.join())
      violations.push(`partition ${String(p)}: ${seen.join()} instead of ${wanted.join()}`);
  }
  return { violation: violations[0], faults };
}

/** A role with a bug: it throws an error without a code for some records, in the middle of a batch. */
const cursed =
  (role: Role, isCursed: (offset: number) => boolean): Role =>
  async (batch, keepAlive) => {
    const first = batch.records.findIndex(({ offset }) => isCursed(offset));
    if (first === -1) return role(batch, keepAlive);
    if (first > 0) await role({ ...batch, records: batch.records.slice(0, first) }, keepAlive);
    throw new TypeError('cannot read properties of undefined');
  };

const skip: Reject = () => ({ emit: [], commit: undefined, outcomes: new Map() });
/** A dead letter in the partition's order. */
const mark: Reject = ({ partition, records: [record] }) => ({
  emit: [{ topic: 'out', partition, records: [{ key: null, value: `!${String(record!.offset)}` }] }],
  commit: record!.offset + 1,
  outcomes: new Map(),
});

/** One output a record; sometimes the registry is away, sometimes it takes longer than a session. */
function copyRole(process: SimulatedProcess, random: Random, weather: Weather, isSlow: boolean): Role {
  return async ({ partition, records }, keepAlive) => {
    await process.sleep(random.int(5));
    if (random.next() < weather.loss)
      throw new BankChurnError('REGISTRY_UNAVAILABLE', 'the registry is away');
    for (let i = isSlow ? 9 + random.int(7) : 0; i > 0; i--) {
      await process.sleep(SESSION_MS / 3);
      await keepAlive();
    }
    const copies = records.map(({ value }) => ({ key: null, value }));
    return {
      emit: [{ topic: 'out', partition, records: copies }],
      commit: records[records.length - 1]!.offset + 1,
      outcomes: new Map(),
    };
  };
}

/** One output for every few records, and a commit there: what lies between is in memory only. */
function paneRole(from: number): Role {
  let open: number[] = [];
  let next = from;
  return ({ partition, records }: Batch) => {
    const values: string[] = [];
    let commit: number | undefined;
    for (const { offset } of records) {
      if (offset < next) throw new Error('a record came twice');
      next = offset + 1;
      open.push(offset);
      if (open.length < PANE) continue;
      values.push(open.join('+'));
      open = [];
      commit = next;
    }
    const emit = [{ topic: 'out', partition, records: values.map((value) => ({ key: null, value })) }];
    return Promise.resolve({
      emit: commit === undefined ? [] : emit,
      commit,
      outcomes: new Map<string, number>(),
    });
  };
}

function panesOf(offsets: readonly number[]): string[] {
  const panes: string[] = [];
  for (let i = 0; i + PANE <= offsets.length; i += PANE) panes.push(offsets.slice(i, i + PANE).join('+'));
  return panes;
}
