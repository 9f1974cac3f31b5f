/** The request window: the newest blocks of panes that hold enough events and time, so that it spans a whole cycle. */
import { mergePanes, sumPanes, type Pane } from './pane.ts';
import { BLOCKS, type DriftRule } from './rule.ts';

/** Closed blocks, oldest first, and the one that is filling. */
export interface Blocks {
  readonly blocks: readonly Pane[];
  readonly block: Pane | null;
}

type Size = Pick<DriftRule, 'requestEvents' | 'requestMs'>;

const spanOf = ({ minTimestamp, maxTimestamp }: Pane): number => maxTimestamp - minTimestamp;

const holds = (pane: Pane, { requestEvents, requestMs }: Size, share: number): boolean =>
  pane.events >= requestEvents * share && spanOf(pane) >= requestMs * share;

/** Adds a closed pane; closes the block if it now holds its share; forgets blocks that no window needs. */
export function fillBlocks({ blocks, block }: Blocks, pane: Pane, size: Size): Blocks {
  const filling = block === null ? pane : mergePanes(block, pane);
  if (!holds(filling, size, 1 / BLOCKS)) return { blocks, block: filling };
  const closed = [...blocks, filling];
  let from = closed.length - 1;
  while (from > 0 && !holds(sumSpan(closed, from), size, 1)) from--;
  return { blocks: closed.slice(from), block: null };
}

/** As much of a sum as `holds` looks at. */
const sumSpan = (blocks: readonly Pane[], from: number): Pane =>
  blocks.slice(from).reduce((a, b) => ({
    ...a,
    events: a.events + b.events,
    minTimestamp: Math.min(a.minTimestamp, b.minTimestamp),
    maxTimestamp: Math.max(a.maxTimestamp, b.maxTimestamp),
  }));

/** The request window and whether it is full. Until it is, it is what has come since the model serves. */
export function requestWindow({ blocks, block }: Blocks, size: Size): { pane: Pane; isFull: boolean } {
  const isFull = blocks.length > 0 && holds(sumSpan(blocks, 0), size, 1);
  return { pane: sumPanes(isFull || block === null ? blocks : [...blocks, block]), isFull };
}
