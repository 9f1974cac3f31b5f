/**
 * The customer schema: what a customer event holds. One file describes it (`configs/customer.yaml`, CUSTOMER_SCHEMA);
 * decoding, CSV reading, feature rows, training, drift, documents are derived from it.
 */

/** What an input holds: a number, a whole number, true or false, one of some texts. */
export type InputType = 'number' | 'integer' | 'boolean' | 'category';

/** How a field is called wherever customers come from. */
export interface FieldNames {
  /** Its name in events, scores and models: an Avro name. */
  readonly name: string;
  /** Further names, in JSON (letter by letter) and in CSV headers (whatever the case and the word separators). */
  readonly aliases: readonly string[];
  /** Further names in CSV headers alone. */
  readonly headers: readonly string[];
  /** Where it lies in a nested JSON event: keys from the outermost object inwards; undefined: under its names, outermost. */
  readonly path: readonly string[] | undefined;
}

/** One model input. */
export interface CustomerInput extends FieldNames {
  readonly type: InputType;
  /** One sentence, with the unit; for documents. */
  readonly doc: string | undefined;
  /** What is below or above is impossible (numbers alone); undefined: any finite number. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** UTF-16 code units of a category at most. */
  readonly maxLength: number;
  /**
   * Spellings, by what they stand for: of a boolean under `true` and `false`, of a category under its level. In JSON only
   * these (letter by letter) are taken for a boolean beside true, false, 1 and 0; in CSV beside the usual words too.
   */
  readonly spellings: Readonly<Record<string, readonly string[]>>;
  /** Words that mean that the value is missing, in CSV cells and JSON strings, whatever their case. */
  readonly missing: readonly string[];
  /** The levels of a category that are kept apart; undefined: any. */
  readonly levels: readonly string[] | undefined;
  /** What every other level becomes; there if and only if `levels` is. */
  readonly other: string | undefined;
  /** Numbers in CSV cells: whether commas in them separate thousands, or are the decimal point; undefined: as the file shows. */
  readonly commas: 'thousands' | 'decimal' | undefined;
  /** No model is trained on it any more; events may hold it, and models trained before use it. */
  readonly isRetired: boolean;
}

/** The column that says whether a customer churned. */
export interface CustomerLabel extends Omit<FieldNames, 'path'> {
  /** Spellings of churned, and of stayed, whatever their case. */
  readonly churned: readonly string[];
  readonly stayed: readonly string[];
}

/** How the fairness report groups customers: by level, or by the bands that `bounds` (ascending) make of a number. */
export interface Slice {
  readonly input: string;
  readonly bounds: readonly number[];
}

/** What `train` and the gate of the trainer ask of a model on the holdout; undefined: not asked. */
export interface GateRules {
  /** Weighted F1 must be above this. */
  readonly minWeightedF1: number | undefined;
  /** ROC AUC must be above .5, and the log loss below that of the constant predictor, each by at least this. */
  readonly minAucGain: number | undefined;
  readonly minLogLossGain: number | undefined;
}

export interface CustomerSchema {
  /** Of the file's format. */
  readonly version: 1;
  /** Of what it describes; folders and data sets are named after it. */
  readonly name: string;
  readonly customerId: FieldNames;
  readonly eventId: FieldNames;
  readonly occurredAt: FieldNames;
  /** CSV headers of the row's number; undefined: rows are counted. */
  readonly rowNumber: readonly string[];
  /** In the order of the feature row. The order is part of a model's bytes: append only. */
  readonly inputs: readonly CustomerInput[];
  readonly label: CustomerLabel | undefined;
  readonly slices: readonly Slice[];
  readonly gate: GateRules;
  /** CSV columns that nothing reads, and no word is lost about. */
  readonly ignored: readonly string[];
  /** Of a model's schema: fields that the configured schema has and the model does not use. Nothing reads them, and they are not unknown. */
  readonly skipped?: readonly FieldNames[];
}

/** A value of an input: null is missing. */
export type InputValue = string | number | boolean | null;

/** A fact about one customer at one time: the ids, the time (milliseconds since 1970), and each input of the schema by name. */
export interface CustomerEvent {
  readonly eventId: string;
  readonly customerId: string;
  readonly occurredAt: number;
  readonly [input: string]: InputValue;
}

/** Inputs that models are trained on. */
export const trainedInputs = ({ inputs }: Pick<CustomerSchema, 'inputs'>): readonly CustomerInput[] =>
  inputs.filter(({ isRetired }) => !isRetired);
