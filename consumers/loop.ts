/**
 * The one loop: consume → decide → commit, exactly once (docs/adr/0001-exactly-once.md).
 *
 * For each input partition one epoch is valid at a time: its holder has opened the partition's writer (which fences every
 * predecessor and ends its transaction), and only *then* has read the committed offset and moved there. Outputs and
 * offset commit together. On any doubt the writer is closed and the partition is armed again, from what the broker says.
 */
import type { Batch, Decision, Delivery, Writer, Role, SourceRecord } from '../schemas/ports.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { GroupError, heard, inGroup } from './membership.ts';
import type { Loop, LoopOptions, LoopPorts } from './loop-ports.ts';
import { splitEmission } from './split-emission.ts';

interface Ready {
  readonly epoch: number;
  readonly writer: Writer;
  readonly role: Role;
  next: number;
  readonly armedAtMs: number;
  /** Deliveries that have not ended yet. */
  waiting: number;
  /** Ends when the delivery in hand has ended. */
  inHand: Promise<void>;
}

/** A partition armed again after a fault counts as ready when a batch is committed; where none is due, after so long, milliseconds. */
const QUIET_MS = 1000;

export function createLoop(ports: LoopPorts, options: LoopOptions): Loop {
  const { source, openWriter, openRole, clock, observer } = ports;
  const { topic } = options;
  const ready = new Map<number, Ready>();
  const failures = new Map<number, number>();
  /** Where a batch failed: it comes again, however late, and until it is committed the partition is not ready. */
  const owed = new Map<number, number>();
  const closing = new Set<Promise<void>>();
  let assignedPartitions: readonly number[] = [];
  let epoch = 0;
  let stopping = false;

  function discard(writer: Writer): void {
    const closed = writer
      .close()
      .catch(() => undefined)
      .finally(() => closing.delete(closed));
    closing.add(closed);
  }

  function assigned(partitions: readonly number[]): void {
    epoch += 1;
    for (const { writer } of ready.values()) discard(writer);
    ready.clear();
    failures.clear();
    owed.clear();
    assignedPartitions = [...partitions];
    source.pause(partitions);
    for (const partition of partitions) void arm(partition, epoch);
  }

  /** A client may go on trying for minutes what will not succeed: late is as good as failed, whatever becomes of it. */
  async function inTime<T>(work: Promise<T>, times: number, onLate?: (late: T) => void): Promise<T> {
    let isLate = false;
    const late = clock.sleep(options.answerTimeoutMs * times).then((): never => {
      isLate = true;
      const ms = String(options.answerTimeoutMs * times);
      throw new BankChurnError('TRANSACTION_FAILED', `Kafka did not answer in ${ms} ms`);
    });
    work.then(
      (result) => {
        if (isLate) onLate?.(result);
      },
      () => undefined,
    );
    return Promise.race([work, late]);
  }

  const current = (armedEpoch: number): boolean => armedEpoch === epoch && !stopping;

  async function arm(partition: number, armedEpoch: number): Promise<void> {
    let writer: Writer | undefined;
    try {
      const opening = openWriter(topic, partition);
      writer = await inTime(opening, 2, discard);
      const next = current(armedEpoch) ? await inTime(startingOffset(partition, writer), 2) : 0;
      const role = current(armedEpoch) ? await openRole(partition, next) : undefined;
      if (role === undefined || !current(armedEpoch)) {
        discard(writer);
        return;
      }
      const armedAtMs = clock.now();
      ready.set(partition, { epoch: armedEpoch, writer, role, next, armedAtMs, waiting: 0, inHand: Promise.resolve() }); // prettier-ignore
      source.seek(partition, next);
      source.resume(partition);
      observer.armed(partition, next);
    } catch (error) {
      if (ready.get(partition)?.epoch === armedEpoch) ready.delete(partition); // not that of a later assignment
      if (writer !== undefined) discard(writer);
      rearm(partition, armedEpoch, error);
    }
  }

  /** Read after the writer was opened, so no predecessor can move it any more. */
  async function startingOffset(partition: number, writer: Writer): Promise<number> {
    const { committed, start, low, high } = await source.position(partition);
    if (committed === undefined) {
      if (start === low) return start;
      // A start position that moves with time is fixed at the first start, so that a crash cannot skip records.
      const transaction = await writer.begin();
      await transaction.sendOffsets(topic, partition, start);
      await transaction.commit();
      return start;
    }
    if (committed >= low && committed <= high) return committed;
    throw new BankChurnError(
      'OFFSET_OUT_OF_RANGE',
      `committed offset ${String(committed)} of ${topic}/${String(partition)} is outside of what the broker holds ` +
        `(${String(low)}..${String(high)}): records were deleted before they were processed, or the topic was made anew. ` +
        `Set the group's offset on purpose (kafka-consumer-groups --reset-offsets), then start again.`,
    );
  }

  function rearm(partition: number, armedEpoch: number, error: unknown): void {
    if (error instanceof BankChurnError && error.action === 'fatal') {
      observer.fatal(error);
      return;
    }
    if (!current(armedEpoch)) return;
    const failed = failures.get(partition) ?? 0;
    failures.set(partition, failed + 1);
    const waitMs = Math.min(options.backOffMs.first * 2 ** failed, options.backOffMs.longest);
    observer.disarmed(partition, error, waitMs);
    void clock.sleep(waitMs).then(() => (current(armedEpoch) ? arm(partition, armedEpoch) : undefined));
  }

  function deliver(partition: number, records: readonly SourceRecord[], delivery: Delivery): Promise<void> {
    const writer = ready.get(partition);
    if (writer?.epoch !== epoch) return Promise.resolve();
    if (isSound(partition, writer)) failures.delete(partition);
    writer.waiting += 1;
    // One at a time: where a leader has moved, a second fetch of a partition can come while the first is in hand.
    const done = writer.inHand.then(() => process(partition, writer, records, delivery));
    writer.inHand = done.catch(() => undefined).then(() => void (writer.waiting -= 1));
    return done;
  }

  /** Armed is not enough: while the registry hangs, a partition is armed between any two tries. */
  const isSound = (partition: number, { next, waiting, armedAtMs }: Ready): boolean =>
    !failures.has(partition) ||
    ((owed.get(partition) ?? -1) < next && waiting === 0 && clock.now() - armedAtMs >= QUIET_MS);

  const isCurrent = (partition: number, writer: Ready): boolean =>
    !stopping && ready.get(partition) === writer;

  async function process(
    partition: number,
    writer: Ready,
    records: readonly SourceRecord[],
    delivery: Delivery,
  ): Promise<void> {
    if (!isCurrent(partition, writer) || records.length === 0) return;
    const fresh =
      records[0]!.offset < writer.next ? records.filter(({ offset }) => offset >= writer.next) : records;
    for (let from = 0; from < fresh.length; from += options.maxBatchRecords) {
      if (!isCurrent(partition, writer)) return;
      if (!writer.writer.isSound()) {
        await giveUp(partition, writer, undefined, delivery);
        return;
      }
      const batch = { topic, partition, records: fresh.slice(from, from + options.maxBatchRecords) };
      try {
        await perform(batch, writer, delivery);
      } catch (error) {
        await giveUp(partition, writer, error, delivery);
        return;
      }
    }
    if (fresh.length === 0) delivery.resolve(writer.next - 1);
  }

  async function perform(batch: Batch, writer: Ready, delivery: Delivery): Promise<void> {
    const begun = clock.now();
    const decision = await writer.role(batch, async () => {
      if (stopping || ready.get(batch.partition) !== writer) throw new Error('the batch is given up');
      await inGroup(delivery);
    });
    const decided = clock.now();
    const sent = await inTime(write(batch, decision, writer.writer, delivery), 1);
    const last = batch.records[batch.records.length - 1]!.offset;
    writer.next = last + 1;
    // Armed anew meanwhile: the fetch position is the new writer's.
    if (ready.get(batch.partition) === writer) delivery.resolve(last);
    failures.delete(batch.partition);
    observer.committed(batch, decision, {
      decide: decided - begun,
      send: sent - decided,
      commit: clock.now() - sent,
    });
  }

  /** Emissions and offset in one transaction. Returns when they were sent; resolves when they are committed. */
  async function write(
    { partition }: Batch,
    decision: Decision,
    writer: Writer,
    delivery: Delivery,
  ): Promise<number> {
    if (decision.commit === undefined) {
      await inGroup(delivery);
      return clock.now();
    }
    const transaction = await writer.begin();
    for (const emission of decision.emit) {
      for (const part of splitEmission(emission, options.maxBatchRecords, options.maxSendBytes))
        await transaction.send(part);
    }
    await transaction.sendOffsets(topic, partition, decision.commit);
    const sent = clock.now();
    await inGroup(delivery);
    await transaction.commit();
    return sent;
  }

  function renewWriters(): void {
    for (const [partition, writer] of ready) {
      if (writer.waiting > 0 || writer.writer.isSound()) continue;
      disarm(partition, writer);
      void arm(partition, writer.epoch);
    }
  }

  function disarm(partition: number, { writer }: Ready): void {
    ready.delete(partition);
    source.pause([partition]);
    discard(writer);
  }

  /** `error`: undefined where nothing was tried, and the writer alone is no longer sound. */
  async function giveUp(partition: number, writer: Ready, error: unknown, delivery: Delivery): Promise<void> {
    if (ready.get(partition) !== writer) return; // a new assignment has closed the writer already
    disarm(partition, writer);
    if (error !== undefined) owed.set(partition, writer.next);
    // Still a member? A scorer that lost the partition must not fence the one that has it now.
    const unheard = error instanceof GroupError ? error : await heard(delivery);
    if (unheard === undefined) {
      if (error === undefined) void arm(partition, writer.epoch);
      else rearm(partition, writer.epoch, error);
      return;
    }
    if (error !== undefined && !(error instanceof GroupError))
      observer.disarmed(partition, error, options.backOffMs.first);
    void armOnceHeard(partition, writer.epoch, delivery);
    throw unheard.cause;
  }

  /**
   * A lost membership comes back as a new assignment, which ends this. A heartbeat that failed because the broker was away
   * brings none: the first one that succeeds says that the partition is still ours.
   */
  async function armOnceHeard(partition: number, armedEpoch: number, delivery: Delivery): Promise<void> {
    const { first, longest } = options.backOffMs;
    for (let waitMs = first; ; waitMs = Math.min(waitMs * 2, longest)) {
      await clock.sleep(waitMs);
      if (!current(armedEpoch)) return;
      if ((await heard(delivery)) === undefined) break;
    }
    if (current(armedEpoch)) await arm(partition, armedEpoch);
  }

  return {
    assigned,
    deliver,
    heard: renewWriters,
    stop: () => {
      stopping = true;
    },
    close: async () => {
      stopping = true;
      for (const { writer } of ready.values()) discard(writer);
      ready.clear();
      await Promise.all(closing);
    },
    state: () => ({
      assigned: assignedPartitions,
      ready: [...ready]
        .filter(([partition, writer]) => isSound(partition, writer))
        .map(([partition]) => partition),
    }),
  };
}
