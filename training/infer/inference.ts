/** What is inferred of a labelled CSV. */
import type { GateRules, Slice } from '../../schemas/customer/schema.ts';
import type { InputDraft } from './column-draft.ts';
import type { LabelDraft } from './label-rule.ts';

/** An input, with the header of its column; notes are comments. */
export interface InferredInput {
  readonly name: string;
  readonly header: string;
  readonly draft: InputDraft;
  readonly notes: readonly string[];
}

/** A column that is no input. `input`: what its entry would be. */
export interface LeftOut {
  readonly header: string;
  readonly reason: string;
  readonly input: InferredInput | undefined;
}

/** All that a schema is written from. */
export interface Inference {
  readonly name: string;
  readonly customerId: { readonly header: string; readonly note: string } | undefined;
  readonly rowNumber: string | undefined;
  readonly inputs: readonly InferredInput[];
  readonly leftOut: readonly LeftOut[];
  readonly label: LabelDraft & { readonly header: string };
  readonly slices: readonly Slice[];
  readonly gate: Pick<GateRules, 'minAucGain' | 'minLogLossGain'>;
  /** What must be looked at: likely leaks, columns that others say already. */
  readonly warnings: readonly string[];
}
