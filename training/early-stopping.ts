import { leafIndex, type Tree } from './tree.ts';

/**
 * Watches the log loss of the validation rows.
 *
 * @returns takes each new tree, or nothing at the end; tells how many trees to keep once no more are worth it.
 */
export function watchLoss(
  patience: number,
  startMargin: number,
  columns: number,
  validation: { readonly x: Float32Array; readonly y: Uint8Array } | undefined,
): (tree?: Tree) => number | undefined {
  if (patience === 0 || validation === undefined) return () => undefined;
  const { x, y } = validation;
  const margins = new Float64Array(y.length).fill(startMargin);
  let [trees, best, lowest] = [0, 1, Infinity];
  return (tree) => {
    if (tree === undefined) return best;
    trees += 1;
    let loss = 0;
    for (let row = 0; row < y.length; row++) {
      margins[row] = margins[row]! + tree.leaves[leafIndex(tree, x, row * columns)]!;
      loss += Math.log1p(Math.exp(y[row] === 1 ? -margins[row]! : margins[row]!));
    }
    if (loss < lowest) [best, lowest] = [trees, loss];
    return trees - best >= patience ? best : undefined;
  };
}
