/** What the model log says about the past: which models led to the present one, and which was live when. */
import { activeModel, isSame, type Activation, type ModelLog } from './log.ts';

/**
 * The models that led to the present one, the present one last. Activating a model that is in the line goes back to it: what
 * came after it is no longer in the line, and a rollback never comes to it again. What scorers refused led nowhere.
 */
export function lineOf({
  activations,
  outcomes,
}: Pick<ModelLog, 'activations' | 'outcomes'>): readonly Activation[] {
  const line: Activation[] = [];
  for (const activation of activations) {
    if (outcomes.get(activation.offset)?.served === false) continue;
    const at = line.findIndex((earlier) => isSame(earlier, activation));
    if (at >= 0) line.length = at;
    line.push(activation);
  }
  return line;
}

/**
 * The activation that was live at a moment: in the order of the log the last one that is recorded up to then and that no
 * scorer refused.
 *
 * @param atMs milliseconds since 1970.
 */
export function liveAt({ activations, outcomes }: ModelLog, atMs: number): Activation | undefined {
  return activeModel({ activations: activations.filter(({ recordedAt }) => recordedAt <= atMs), outcomes });
}
