/** A model and the customer schema: by which schema its events are read, and whether the two fit together. */
import type { CustomerInput, CustomerSchema, InputType } from '../schemas/customer/schema.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { inputsOfCopy, namesOfCopy } from './customer-copy.ts';
import type { FeatureSpec, Manifest } from './manifest.ts';

/** What a manifest says about the schema of its model. */
export type ModelInputs = Pick<Manifest, 'version' | 'features' | 'customer'>;

/**
 * The schema by which the events of a model are read: its own copy. A release of an earlier version has none; it is read by the
 * configured schema. In both cases inputs that the model does not use are left out.
 */
export function schemaOfModel(model: ModelInputs, configured: CustomerSchema): CustomerSchema {
  const read = readSchema(model, configured);
  const used = new Set(read.inputs.map(({ name }) => name));
  const skipped = configured.inputs.filter(({ name }) => !used.has(name));
  const columns = skipped.flatMap(({ name, aliases, headers }) => [name, ...aliases, ...headers]);
  return { ...read, skipped, ignored: [...configured.ignored, ...columns] };
}

function readSchema({ features, customer }: ModelInputs, configured: CustomerSchema): CustomerSchema {
  if (customer === undefined) {
    const inputs = features.flatMap(({ name }) => inputNamed(configured, name) ?? []);
    return { ...configured, inputs };
  }
  return {
    ...configured,
    name: customer.name,
    eventId: namesOfCopy(configured.eventId.name, customer.eventId),
    customerId: namesOfCopy(configured.customerId.name, customer.customerId),
    occurredAt: namesOfCopy(configured.occurredAt.name, customer.occurredAt),
    inputs: inputsOfCopy(customer),
  };
}

const inputNamed = ({ inputs }: CustomerSchema, name: string): CustomerInput | undefined =>
  inputs.find((input) => input.name === name);

/** Whether a feature of that kind is made of an input of that type. */
export const fitsKind = ({ kind }: FeatureSpec, type: InputType): boolean =>
  (kind === 'categorical') === (type === 'category');

/** Yields which inputs of a model the configured schema lacks, or has with another type, as sentences. */
export function* inputFaults(
  { features, customer }: ModelInputs,
  configured: CustomerSchema,
): Generator<string> {
  for (const feature of features) {
    const { name } = feature;
    const input = inputNamed(configured, name);
    const trained = customer?.inputs.find((copied) => copied.name === name)?.type;
    if (input === undefined)
      yield `it needs the input ${name}, which the customer schema ${configured.name} lacks: put its entry back (with "retired: true" if new models should do without it), or activate a model that does not use it`;
    else if (!fitsKind(feature, input.type) || (trained !== undefined && trained !== input.type))
      yield `it needs the input ${name} as ${trained ?? describeKind(feature)}, in the customer schema ${configured.name} it is ${input.type}: give it its former type back and the new one a name of its own, or activate a model that does not use it`;
  }
}

const describeKind = ({ kind }: FeatureSpec): string => (kind === 'categorical' ? 'category' : 'number');

/**
 * Checks that events of the configured schema have what a model needs.
 *
 * @throws BankChurnError MODEL_CORRUPT with the first input that is missing, and what to do.
 */
export function checkInputs(manifest: ModelInputs, configured: CustomerSchema): void {
  for (const fault of inputFaults(manifest, configured))
    throw new BankChurnError('MODEL_CORRUPT', `release ${manifest.version} cannot serve: ${fault}`);
}

/**
 * How the order of the schema's inputs contradicts that of a model that was trained before: inputs are appended or retired, never
 * moved or removed. Models of a schema with another name say nothing about this one.
 *
 * @returns the reason and what to do; undefined: the schema begins with the model's inputs.
 */
export function orderFault(champion: ModelInputs, schema: CustomerSchema): string | undefined {
  const { version, features, customer } = champion;
  if (customer !== undefined && customer.name !== schema.name) return undefined;
  const order = customer?.order ?? features.map(({ name }) => name);
  const names = schema.inputs.map(({ name }) => name);
  const at = order.findIndex((name, i) => names[i] !== name);
  if (at < 0) return undefined;
  const wanted = order[at]!;
  const place = `input ${String(at + 1)} of the customer schema ${schema.name}`;
  const before = `in model ${version} it is ${wanted}`;
  const why = 'the order is part of a model’s bytes';
  const out = `or give the schema a name of its own, if it describes other customers`;
  if (!names.includes(wanted))
    return `${place} is ${names[at] ?? 'not there'}, ${before}, which the schema lacks: ${why}; put the entry of ${wanted} back there, with "retired: true" if no model should use it, ${out}`;
  return `${place} is ${names[at]!}, ${before}: ${why}; put ${wanted} back there, and new inputs at the end, ${out}`;
}
