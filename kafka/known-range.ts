/** What was found in a range of a partition's offsets: which of them are records, and which are markers, gaps or aborted. */
import { indexFrom, lastOffset, type Records } from '../schemas/records.ts';

/** All these offsets are records, `from` <= offset < `to`. */
interface Run {
  readonly from: number;
  readonly to: number;
}

/** `from` <= offset < `to` was looked at; records are in the runs (ascending, apart) and nowhere else. */
export interface KnownRange extends Run {
  readonly runs: readonly Run[];
}

type Offsets = Pick<Records, 'length' | 'offsetAt'>;

/**
 * What a fetch from `from` up to `to` found, together with what was known before as far as nothing lies between.
 *
 * @param records those that are to be read, ascending.
 */
export function knownRange(
  before: KnownRange | undefined,
  from: number,
  records: Offsets,
  to: number,
): KnownRange {
  if (covers(before, from) && to <= before.to) return before; // fetched once more, or late
  return { from: emptySince(before, from), runs: runsOf(records, from), to };
}

/** Where the records begin that end before `offset` with nothing but empty offsets: `offset` itself if nothing is known. */
function emptySince(before: KnownRange | undefined, offset: number): number {
  if (!covers(before, offset)) return offset;
  const last = before.runs.findLast((run) => run.from < offset);
  return last === undefined ? before.from : Math.min(last.to, offset);
}

function runsOf(records: Offsets, from: number): Run[] {
  const begin = indexFrom(records, from);
  if (begin === records.length) return [];
  const first = records.offsetAt(begin);
  const last = lastOffset(records);
  if (last - first === records.length - 1 - begin) return [{ from: first, to: last + 1 }];
  const runs: { from: number; to: number }[] = [];
  for (let i = begin; i < records.length; i++) {
    const offset = records.offsetAt(i);
    const open = runs[runs.length - 1];
    if (open?.to === offset) open.to = offset + 1;
    else runs.push({ from: offset, to: offset + 1 });
  }
  return runs;
}

/** Whether all that lies between `offset` and the end of the range is known. */
export const covers = (known: KnownRange | undefined, offset: number): known is KnownRange =>
  known !== undefined && known.from <= offset && offset <= known.to;

/** Records of the range at `offset` or behind it. */
export const recordsFrom = ({ runs }: KnownRange, offset: number): number =>
  runs.reduce((sum, run) => sum + Math.max(0, run.to - Math.max(run.from, offset)), 0);

/** The first offset at `offset` or behind it that may be a record. */
export function firstCandidate(known: KnownRange | undefined, offset: number): number {
  if (!covers(known, offset)) return offset;
  const run = known.runs.find(({ to }) => to > offset);
  return run === undefined ? known.to : Math.max(run.from, offset);
}
