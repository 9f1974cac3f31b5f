/** Performs the loop's effects over its ports. What answers comes back as a happening of the same turn. */
import { BankChurnError } from '../schemas/errors.ts';
import type { Writer } from '../schemas/ports.ts';
import type { LoopOptions, LoopPorts } from './loop-ports.ts';
import type { Effect, Happening, InHand, PartitionHappening } from './loop-state.ts';
import { assertMember } from './membership.ts';
import { splitEmission } from './split-emission.ts';

/** What the effects are performed with. */
export interface Driver {
  readonly ports: LoopPorts;
  readonly options: LoopOptions;
  /** Writers that are being closed. */
  readonly closing: Set<Promise<void>>;
  happen(happening: Happening): void;
  /** Whether a turn is still the partition's, and the loop goes on. */
  isOurs(partition: number, turn: number): boolean;
}

type Of<D extends Effect['do']> = Extract<Effect, { readonly do: D }>;
/** A happening without its place, which is that of the effect. */
type Answer = PartitionHappening extends infer H ? H extends PartitionHappening ? Omit<H, 'partition' | 'turn'> : never : never; // prettier-ignore

const PERFORM: { readonly [D in Effect['do']]: (driver: Driver, effect: Of<D>) => void } = {
  pause: ({ ports }, { partitions }) => ports.source.pause(partitions),
  start: ({ ports }, { partition, offset }) => {
    ports.source.seek(partition, offset);
    ports.source.resume(partition);
  },
  open: (driver, effect) => answer(driver, effect, () => openWriter(driver, effect)),
  locate: (driver, effect) => answer(driver, effect, () => locate(driver, effect)),
  claim: (driver, effect) => answer(driver, effect, () => claim(driver, effect)),
  prepare: (driver, effect) => answer(driver, effect, () => prepare(driver, effect)),
  decide: (driver, effect) => answer(driver, effect, () => decide(driver, effect), effect.inHand),
  reject: (driver, effect) => answer(driver, effect, () => reject(driver, effect), effect.inHand),
  write: (driver, effect) => answer(driver, effect, () => write(driver, effect), effect.inHand),
  ask: (driver, effect) => answer(driver, effect, () => ask(effect)),
  wait: (driver, effect) => answer(driver, effect, () => wait(driver, effect)),
  close: ({ closing }, { writer }) => close(closing, writer),
  resolve: (_, { inHand, offset }) => inHand.resolve(offset),
  settle: (_, { inHand, error }) => inHand.settle(error),
  'report-armed': ({ ports }, { partition, offset }) => ports.observer.armed(partition, offset),
  'report-committed': ({ ports }, { batch, decision, stageMs }) =>
    ports.observer.committed(batch, decision, stageMs),
  'report-disarmed': ({ ports }, { partition, error, retryInMs }) =>
    ports.observer.disarmed(partition, error, retryInMs),
  'report-fatal': ({ ports }, { error }) => ports.observer.fatal(error),
};

/** Performs one effect; those that take time are begun. What cannot be done fails its partition, or else the loop. */
export function perform(driver: Driver, effect: Effect): void {
  try {
    (PERFORM[effect.do] as (driver: Driver, effect: Effect) => void)(driver, effect);
  } catch (error) {
    if (!('turn' in effect)) driver.ports.observer.fatal(error);
    else {
      const { partition, turn } = effect;
      driver.happen({ kind: 'failed', partition, turn, error, inHand: undefined });
    }
  }
}

/** Brings back what became of an effect. An error becomes `failed`, with the delivery that waits for it. */
function answer(
  { happen }: Driver,
  { partition, turn }: { readonly partition: number; readonly turn: number },
  work: () => Promise<Answer>,
  inHand?: InHand,
): void {
  work().then(
    (happened) => happen({ ...happened, partition, turn } as PartitionHappening),
    (error: unknown) => happen({ kind: 'failed', partition, turn, error, inHand }),
  );
}

async function openWriter(driver: Driver, { partition }: Of<'open'>): Promise<Answer> {
  const { ports, options, closing } = driver;
  const opening = ports.openWriter(options.topic, partition);
  return { kind: 'opened', writer: await inTime(driver, opening, 2, (late) => close(closing, late)) };
}

async function locate(driver: Driver, { partition }: Of<'locate'>): Promise<Answer> {
  return { kind: 'located', position: await inTime(driver, driver.ports.source.position(partition), 2) };
}

async function claim(driver: Driver, { writer, offset, topicId }: Of<'claim'>): Promise<Answer> {
  await inTime(driver, writer.claim(offset, topicId), 2);
  return { kind: 'claimed' };
}

async function prepare({ ports }: Driver, { partition, offset }: Of<'prepare'>): Promise<Answer> {
  const role = await ports.openRole(partition, offset);
  return { kind: 'prepared', role, nowMs: ports.clock.now() };
}

async function decide(driver: Driver, effect: Of<'decide'>): Promise<Answer> {
  const { batch, writer, role, inHand, partition, turn } = effect;
  if (!writer.isSound()) return { kind: 'unsound', inHand };
  const { now } = driver.ports.clock;
  const begunMs = now();
  const decision = await role(batch, async () => {
    if (!driver.isOurs(partition, turn)) throw new Error('the batch is no longer ours to decide');
    await assertMember(inHand);
  });
  return { kind: 'decided', batch, decision, decideMs: now() - begunMs, inHand };
}

async function reject({ ports }: Driver, { batch, condemned, inHand }: Of<'reject'>): Promise<Answer> {
  const { error, isCut } = condemned;
  ports.observer.rejected(batch.partition, batch.records.offsetAt(0), error);
  return { kind: 'decided', batch, decision: await ports.reject(batch, error, isCut), decideMs: 0, inHand };
}

async function write(driver: Driver, effect: Of<'write'>): Promise<Answer> {
  const { batch, decision, decideMs, inHand } = effect;
  const { now } = driver.ports.clock;
  const begunMs = now();
  const sentMs = await inTime(driver, commit(driver, effect), 1);
  const stageMs = { decide: decideMs, send: sentMs - begunMs, commit: now() - sentMs };
  return { kind: 'written', batch, decision, stageMs, inHand };
}

/** Emissions and offset in one transaction. Returns when they were sent; resolves when they are committed. */
async function commit(
  { ports, options }: Driver,
  { batch, writer, decision, inHand, maxSendBytes }: Of<'write'>,
): Promise<number> {
  if (decision.commit === undefined) {
    await assertMember(inHand);
    return ports.clock.now();
  }
  const transaction = await writer.begin();
  for (const emission of decision.emit) {
    for (const part of splitEmission(emission, options.maxBatchRecords, maxSendBytes))
      await transaction.send(part);
  }
  await transaction.sendOffsets(batch.topic, batch.partition, decision.commit, batch.topicId);
  const sentMs = ports.clock.now();
  await assertMember(inHand);
  await transaction.commit();
  return sentMs;
}

async function ask({ delivery, inHand }: Of<'ask'>): Promise<Answer> {
  try {
    await assertMember(delivery);
    return { kind: 'heard', inHand };
  } catch (cause) {
    return { kind: 'unheard', cause, inHand };
  }
}

async function wait({ ports }: Driver, { ms }: Of<'wait'>): Promise<Answer> {
  await ports.clock.sleep(ms);
  return { kind: 'waited' };
}

function close(closing: Driver['closing'], writer: Writer): void {
  const closed = writer
    .close()
    .catch(() => undefined)
    .finally(() => closing.delete(closed));
  closing.add(closed);
}

const NOBODY = undefined as never;

/** The client may retry for minutes. Past the deadline the call counts as failed, and its result is ignored. */
async function inTime<T>(
  { ports, options }: Driver,
  work: Promise<T>,
  times: number,
  onLate?: (late: T) => void,
): Promise<T> {
  let state: 'waits' | 'done' | 'late' = 'waits';
  const ms = options.answerTimeoutMs * times;
  const late = ports.clock.sleep(ms).then(() => {
    if (state === 'done') return NOBODY; // nobody waits for it: an error would be made for nothing
    state = 'late';
    throw new BankChurnError('TRANSACTION_FAILED', `Kafka did not answer in ${String(ms)} ms`);
  });
  const done = work.then(
    (result) => {
      if (state === 'late') onLate?.(result);
      else state = 'done';
      return result;
    },
    (error: unknown) => {
      if (state !== 'late') state = 'done';
      throw error;
    },
  );
  return Promise.race([done, late]);
}
