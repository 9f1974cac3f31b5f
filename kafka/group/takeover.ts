/**
 * Taking over partitions: whoever may still have a transaction open on them is fenced, and only then their offsets are read (ADR 17).
 * An offset's note names its owner. An owner that is a member of this generation has ended its transactions before it joined; any
 * other is gone, or will find its generation over: what it has open is ended here, and its last markers are written again.
 */
import { BankChurnError } from '../../schemas/errors.ts';
import { readNote } from '../offset-note.ts';
import { gathering } from './gather.ts';
import type { MarkerScope, NotedOffset, OffsetsPort, TransactionsPort } from './ports.ts';

export interface TakeoverPorts {
  readonly offsets: Pick<OffsetsPort, 'read'>;
  readonly transactions: Pick<TransactionsPort, 'fence'>;
  readonly clock: { now(): number; sleep(ms: number): Promise<void> };
  /** Our own name. */
  readonly writer: string;
  /** Writers of the members of the present generation. */
  readonly liveWriters: () => readonly string[];
  /** The transactional id of a writer. */
  readonly idOf: (writer: string) => string;
  /** The transactional id that releases before the shared writer used for a partition. */
  readonly formerId: (partition: number) => string;
  /** Where the outputs of a partition go. */
  readonly outputsOf: (partition: number) => MarkerScope['outputs'];
}

/** A live member has this long to end what it has open, milliseconds; then it is fenced like one that is gone. */
const LIVE_PATIENCE_MS = 3000;
/** Offsets that are not stable after this long fail the try to arm, milliseconds. */
const PATIENCE_MS = 8000;
const ASK_AGAIN_MS = { first: 5, longest: 100 };

/** Owners of a partition that are alive, and had it before us: they stay in its note. */
export type Formers = readonly string[];

/** Resolves when no transaction but our own can change the partition's offset any more. Partitions of one moment are taken over together. */
export const createTakeover = (ports: TakeoverPorts): ((partition: number) => Promise<Formers>) =>
  gathering((partitions: readonly number[]) => takeOver(ports, partitions));

async function takeOver(
  ports: TakeoverPorts,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, Formers>> {
  const notes = await ports.offsets.read(partitions, false);
  const live = new Set(ports.liveWriters());
  const formers = new Map<number, Formers>();
  const gone = new Map<string, number[]>();
  for (const partition of partitions) {
    const names = ownersOf(notes.get(partition)).filter((name) => name !== ports.writer);
    formers.set(
      partition,
      names.filter((name) => live.has(name)),
    );
    for (const name of names) if (!live.has(name)) add(gone, ports.idOf(name), partition);
    if (isOfFormerRelease(notes.get(partition))) add(gone, ports.formerId(partition), partition);
  }
  await fenceAll(ports, gone);
  await untilStable(ports, partitions, formers);
  return formers;
}

const add = (map: Map<string, number[]>, id: string, partition: number): void => {
  const list = map.get(id) ?? [];
  map.set(id, list);
  list.push(partition);
};

const ownersOf = (noted: NotedOffset | 'unstable' | undefined): readonly string[] =>
  noted === undefined || noted === 'unstable' ? [] : readNote(noted.note).writers;

/** An offset without a writer's name: its transactions had an id for each partition. */
const isOfFormerRelease = (noted: NotedOffset | 'unstable' | undefined): boolean =>
  noted !== undefined && noted !== 'unstable' && noted.offset !== undefined && ownersOf(noted).length === 0;

async function fenceAll(ports: TakeoverPorts, gone: ReadonlyMap<string, readonly number[]>): Promise<void> {
  await Promise.all(
    [...gone].map(([id, partitions]) =>
      ports.transactions.fence(id, {
        outputs: unique(partitions.flatMap(ports.outputsOf)),
        withOffsets: true,
      }),
    ),
  );
}

/** Several partitions share the topic of the drift counts. */
function unique(outputs: MarkerScope['outputs']): MarkerScope['outputs'] {
  return [
    ...new Map(outputs.map((output) => [`${output.topic}/${String(output.partition)}`, output])).values(),
  ];
}

/** Waits for stable offsets. What stays open longer than a live member may take is fenced, whoever has it open. */
async function untilStable(
  ports: TakeoverPorts,
  partitions: readonly number[],
  formers: Map<number, Formers>,
): Promise<void> {
  const { clock, offsets, idOf, formerId } = ports;
  const begun = clock.now();
  let open = partitions;
  let hasFenced = false;
  for (let waitMs = ASK_AGAIN_MS.first; ; waitMs = Math.min(waitMs * 2, ASK_AGAIN_MS.longest)) {
    const found = await offsets.read(open, true);
    open = open.filter((partition) => found.get(partition) === 'unstable');
    if (open.length === 0) return;
    const waitedMs = clock.now() - begun;
    if (waitedMs > PATIENCE_MS)
      throw new BankChurnError('TRANSACTION_FAILED', `a transaction on partition ${open.join()} stays open`);
    if (waitedMs > LIVE_PATIENCE_MS && !hasFenced) {
      hasFenced = true;
      const gone = new Map<string, number[]>();
      for (const partition of open) {
        for (const name of formers.get(partition) ?? []) add(gone, idOf(name), partition);
        add(gone, formerId(partition), partition);
        formers.set(partition, []);
      }
      await fenceAll(ports, gone);
    }
    await clock.sleep(waitMs);
  }
}
