/** Looks at labelled data before anything is trained: refuses what teaches nothing, and warns of what misleads. */
import type { CustomerEvent, CustomerSchema } from '../schemas/customer/schema.ts';
import { trainedInputs } from '../schemas/customer/schema.ts';
import { describeInputs, type InputFacts } from './data-facts.ts';
import type { Dataset } from './dataset.ts';
import type { Split } from './split.ts';

/** What was seen. */
export interface Examination {
  readonly inputs: readonly InputFacts[];
  /** One sentence or two each, in the order of their weight. */
  readonly warnings: readonly string[];
}

/** Customers of each class in the holdout: with fewer, no figure means anything. */
const MIN_HELD_OUT = 5;
/** From this ROC AUC of one input alone it is most likely a leak. */
const LEAK_AUC = 0.98;

/**
 * Examines labelled data as they are split.
 *
 * @throws Error if nothing can be learned or judged: it says what is lacking and what to do.
 */
export function examine(dataset: Dataset, split: Split, customer: CustomerSchema): Examination {
  assertHoldout(dataset, split);
  const inputs = describeInputs(dataset, split, customer);
  if (inputs.every(({ distinctTrained }) => distinctTrained < 2))
    throw new Error(
      `no input has two different values in the training part of ${dataset.name}: there is nothing to learn from. ` +
        'Are the columns of the file those of the customer schema?',
    );
  return {
    inputs,
    warnings: [...leaks(inputs), ...twins(dataset, split, customer), ...unused(inputs)],
  };
}

function assertHoldout({ labels }: Dataset, { name, holdout }: Split): void {
  const left = holdout.reduce((sum, row) => sum + labels[row]!, 0);
  const stayed = holdout.length - left;
  if (Math.min(left, stayed) >= MIN_HELD_OUT) return;
  throw new Error(
    `the holdout (${name}) has ${String(holdout.length)} customers, ${String(left)} of them left: it needs ${String(MIN_HELD_OUT)} who left and ` +
      `${String(MIN_HELD_OUT)} who stayed to say anything about a model. Add customers, or name more rows with --holdout-rows`,
  );
}

function leaks(inputs: readonly InputFacts[]): string[] {
  return inputs
    .filter(({ auc }) => auc >= LEAK_AUC)
    .map(
      ({ input, auc }) =>
        `${input.name} alone tells who left (ROC AUC ${auc.toFixed(3)} on the training part): most likely a leak, known only once a customer has left. ` +
        'Set `retired: true` for it, unless its value is known when customers are scored',
    );
}

/** Customers of the holdout whom the training part knows too. */
function twins(dataset: Dataset, { train, holdout }: Split, customer: CustomerSchema): string[] {
  const inTraining = (keyOf: (event: CustomerEvent) => string | number): number => {
    const known = new Set(train.map((row) => keyOf(dataset.events[row]!)));
    return holdout.filter((row) => known.has(keyOf(dataset.events[row]!))).length;
  };
  const names = trainedInputs(customer).map(({ name }) => name);
  const sameInputs = inTraining((event) => hashOf(names, event));
  const sameCustomer = inTraining(({ customerId }) => customerId);
  const of = `of the ${String(holdout.length)} rows of the holdout`;
  return [
    ...(sameCustomer === 0 ? [] : [`${String(sameCustomer)} ${of} are of customers of the training part: the figures flatter the model. Hold out all rows of a customer, or none`]),
    ...(sameInputs === 0 ? [] : [`${String(sameInputs)} ${of} have the same inputs as a row of the training part: if they are copies of it, the figures flatter the model; remove repeated rows`]),
  ]; // prettier-ignore
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** 53 bits of an event's inputs (cyrb53): two of a million events are taken for the same once in ten thousand times. */
function hashOf(names: readonly string[], event: CustomerEvent): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  const mix = (code: number): void => {
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  };
  for (const name of names) {
    const value = event[name] ?? null;
    if (typeof value === 'number') {
      float[0] = value;
      mix(words[0]!);
      mix(words[1]!);
    } else {
      const text = String(value);
      for (let i = 0; i < text.length; i++) mix(text.charCodeAt(i));
    }
    mix(-1); // the end of the input
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (b & 2097151) * 4294967296 + (a >>> 0);
}

function unused(inputs: readonly InputFacts[]): string[] {
  const without = inputs.filter(({ distinctTrained }) => distinctTrained < 2);
  if (without.length === 0) return [];
  const named = without.map(({ input, distinctTrained, missing, rows }) => {
    const what = distinctTrained === 1 ? (missing > 0 ? 'one value or missing' : 'one value') : missing === rows ? 'always missing' : 'missing in the training part'; // prettier-ignore
    return `${input.name} (${what})`;
  });
  return [`no model can use ${named.join(', ')}`];
}
