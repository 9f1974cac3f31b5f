/**
 * Taking over partitions: whoever may still have a transaction open on them is fenced, and only then their offsets are read (ADR 17).
 * An offset's note names its owner. An owner that is a member of the new generation has ended its transactions before it joined. Any other
 * is gone, or will find its generation over: the leader of the group ends what it has open, and has its last markers written again,
 * before any member learns its partitions. So one process fences, and nobody else at the same time.
 */
import { BankChurnError } from '../../schemas/errors.ts';
import { readNote } from '../offset-note.ts';
import { gathering } from './gather.ts';
import type { MarkerScope, NotedOffset, OffsetsPort, TransactionsPort } from './ports.ts';

export interface FencePorts {
  readonly offsets: Pick<OffsetsPort, 'read'>;
  readonly transactions: Pick<TransactionsPort, 'fence'>;
  /** The transactional id of a writer. */
  readonly idOf: (writer: string) => string;
  /** The transactional id that releases before the shared writer used for a partition. */
  readonly formerId: (partition: number) => string;
  /** Where the outputs of a partition go. */
  readonly outputsOf: (partition: number) => MarkerScope['outputs'];
}

/**
 * The leader's part, before it answers the group: fences each writer that a note names and that is no member's.
 *
 * @param live writers of all members of the new generation.
 * @returns those that were fenced: they need not be named any more.
 */
export async function fenceGone(
  ports: FencePorts,
  live: readonly string[],
  partitions: number,
): Promise<readonly string[]> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const notes = await ports.offsets.read(all, false);
  const members = new Set(live);
  const gone = new Map<string, number[]>();
  const former: number[] = [];
  for (const partition of all) {
    const names = ownersOf(notes.get(partition));
    // It may be of an older release, which had an id for each partition, and used it before the first offset.
    if (names.length === 0) former.push(partition);
    for (const name of names.filter((owner) => !members.has(owner))) add(gone, name, partition);
  }
  const scopeOf = (of: readonly number[]): MarkerScope => ({
    outputs: unique(of.flatMap(ports.outputsOf)),
    withOffsets: true,
  });
  await Promise.all([
    ...[...gone].map(([name, of]) => ports.transactions.fence(ports.idOf(name), scopeOf(of))),
    ...former.map((partition) => ports.transactions.fence(ports.formerId(partition), scopeOf([partition]))),
  ]);
  return [...gone.keys()];
}

const add = (map: Map<string, number[]>, name: string, partition: number): void => {
  const list = map.get(name) ?? [];
  map.set(name, list);
  list.push(partition);
};

const ownersOf = (noted: NotedOffset | 'unstable' | undefined): readonly string[] =>
  noted === undefined || noted === 'unstable' ? [] : readNote(noted.note).writers;

/** Several partitions share the topic of the drift counts. */
function unique(outputs: MarkerScope['outputs']): MarkerScope['outputs'] {
  return [
    ...new Map(outputs.map((output) => [`${output.topic}/${String(output.partition)}`, output])).values(),
  ];
}

export interface TakeoverPorts {
  readonly offsets: Pick<OffsetsPort, 'read'>;
  readonly clock: { now(): number; sleep(ms: number): Promise<void> };
  /** Our own name. */
  readonly writer: string;
  /** Writers that the leader has fenced for the present generation. */
  readonly goneWriters: () => readonly string[];
}

/** Offsets that are not stable after this long fail the try to arm, milliseconds. */
const PATIENCE_MS = 8000;
const ASK_AGAIN_MS = { first: 5, longest: 100 };

/** Owners of a partition that are alive, and had it before us: they stay in its note. */
export type Formers = readonly string[];

/** Resolves when no transaction but our own can change the partition's offset any more. Partitions of one moment are taken over together. */
export const createTakeover = (ports: TakeoverPorts): ((partition: number) => Promise<Formers>) =>
  gathering((partitions: readonly number[]) => takeOver(ports, partitions));

async function takeOver(
  { offsets, clock, writer, goneWriters }: TakeoverPorts,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, Formers>> {
  const formers = new Map<number, Formers>();
  const begun = clock.now();
  let open = partitions;
  for (let waitMs = ASK_AGAIN_MS.first; ; waitMs = Math.min(waitMs * 2, ASK_AGAIN_MS.longest)) {
    const found = await offsets.read(open, true);
    const gone = new Set([writer, ...goneWriters()]);
    for (const [partition, noted] of found)
      if (noted !== 'unstable')
        formers.set(
          partition,
          ownersOf(noted).filter((name) => !gone.has(name)),
        );
    open = open.filter((partition) => found.get(partition) === 'unstable');
    if (open.length === 0) return formers;
    if (clock.now() - begun > PATIENCE_MS)
      throw new BankChurnError('TRANSACTION_FAILED', `a transaction on partition ${open.join()} stays open`);
    await clock.sleep(waitMs);
  }
}
