/** What the list of settings (config.ts) is made of: kinds of values, settings, sections. */
import { z } from 'zod';
import { parseIsoTime } from './schemas/time.ts';

/** What a value must be: the schema checks it, `allowed` finishes the sentence "must be …", `read` takes a variable's text. */
export interface Kind<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  /** Alternatives stand between ` | `. */
  readonly allowed: string;
  /** Text of an environment variable → value; text that it cannot read comes back as it is, for the schema to refuse. */
  readonly read: (text: string) => unknown;
}

/** One setting: a value of a kind, its default, its sentence; an environment variable overrides it. */
export interface Setting<T extends z.ZodType = z.ZodType> {
  readonly kind: Kind<T>;
  /** The default, as the file would hold it. */
  readonly initial: z.input<T>;
  readonly sentence: string;
  /** The name of its environment variable, if it is not the usual one ({@link variableOf}). */
  readonly variable: string | undefined;
}

/** Settings under one key of the file. */
export interface Section<S extends Readonly<Record<string, Setting>> = Readonly<Record<string, Setting>>> {
  readonly sentence: string;
  readonly settings: S;
  /** What the variables of its settings are named after, if not after its key. */
  readonly variables: string | undefined;
}

export function setting<T extends z.ZodType>(
  kind: Kind<T>,
  initial: z.input<T>,
  sentence: string,
  variable?: string,
): Setting<T> {
  return { kind, initial, sentence, variable };
}

export function section<S extends Readonly<Record<string, Setting>>>(
  sentence: string,
  settings: S,
  variables?: string,
): Section<S> {
  return { sentence, settings, variables };
}

/** The usual variable of a key: `topics.minInsyncReplicas` → `TOPICS_MIN_INSYNC_REPLICAS`. */
export function variableOf(key: string): string {
  return key
    .replace(/[A-Z]+/g, '_$&')
    .replaceAll('.', '_')
    .toUpperCase();
}

export function isSection(node: Setting | Section): node is Section {
  return 'settings' in node;
}

const asText = (text: string): unknown => text;
const asNumber = (text: string): unknown =>
  text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
const asFlag = (text: string): unknown =>
  ({ true: true, '1': true, false: false, '0': false })[text.toLowerCase()] ?? text;
const asList = (text: string): unknown => text.split(',').map((part) => part.trim()).filter((part) => part !== ''); // prettier-ignore

function kind<T extends z.ZodType>(schema: T, allowed: string, read: Kind['read'] = asText): Kind<T> {
  return { schema, allowed, read };
}

export const flag = kind(z.boolean(), 'true or false', asFlag);
export const text = kind(z.string().min(1), 'a text of at least one character');
/** One line: not what the file holds. */
export const path = kind(z.string().regex(/^[^\p{Cc}]{1,4096}$/u), 'a path');
export const httpAddress = kind(z.url({ protocol: /^https?$/ }), 'an http or https address');
export const topicName = kind(
  z.string().regex(/^[A-Za-z0-9._-]{1,200}$/),
  '1 to 200 of letters, digits, ., _ and -',
);
export const topicPrefix = kind(
  z.string().regex(/^[A-Za-z0-9._-]{0,100}$/),
  'at most 100 of letters, digits, ., _ and -',
);
export const groupName = kind(z.string().min(1).max(200), 'a text of 1 to 200 characters');

export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `${String(min)} or more` : `${String(min)}..${String(max)}`;
  return kind(z.number().int().min(min).max(max), `an integer, ${range}`, asNumber);
}

export function share(min: number, max: number) {
  return kind(z.number().min(min).max(max), `a number, ${String(min)}..${String(max)}`, asNumber);
}
export const positiveNumber = kind(z.number().positive(), 'a number above 0', asNumber);
export const retentionMs = kind(
  z
    .number()
    .int()
    .refine((ms) => ms === -1 || ms > 0),
  'an integer above 0, or -1',
  asNumber,
);

export function choice<const T extends readonly string[]>(values: T) {
  return kind(z.enum(values), values.join(' | '));
}
/** As `choice`; letters of either case are taken, in a variable alone. */
export function choiceInLowerCase<const T extends readonly string[]>(values: T) {
  return { ...choice(values), read: (value: string): unknown => value.toLowerCase() };
}
export const logLevel = kind(
  z.preprocess(
    (value) => (typeof value === 'string' ? value.toUpperCase() : value),
    z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
  ),
  'DEBUG | INFO | WARN | ERROR',
);

/** `null` means that the setting is not set. */
export function orNull<T extends z.ZodType>({ schema, allowed, read }: Kind<T>) {
  return kind(schema.nullable(), `${allowed}, or null`, read);
}

function isBroker(value: string): boolean {
  const port = Number(/^[^\s:/@]+:(\d{1,5})$/.exec(value)?.[1] ?? 0);
  return port >= 1 && port <= 65_535;
}
export const brokers = kind(
  z.array(z.string().refine(isBroker)).min(1),
  'host:port, at least one, the port 1..65535',
  asList,
);

/** Milliseconds since 1970 of a day (UTC), an ISO 8601 time with its offset, or milliseconds; NaN for anything else. */
function millisecondsOf(value: number | string): number {
  const text = String(value);
  if (/^\d{1,16}$/.test(text)) return Number(text);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseIsoTime(`${text}T00:00:00Z`) : parseIsoTime(text);
}

const TIME = 'a day, an ISO 8601 time with its offset (Z or ±hh:mm), or milliseconds since 1970';

/** A point in time, as milliseconds since 1970. */
export const pointInTime = kind(
  z.union([z.number(), z.string()]).transform((value, context) => {
    const timestampMs = millisecondsOf(value);
    if (Number.isFinite(timestampMs)) return timestampMs;
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  }),
  TIME,
);

type StartFrom = 'earliest' | 'latest' | { readonly timestampMs: number };

function readStart(value: number | string, context: z.RefinementCtx): StartFrom {
  if (value === 'earliest' || value === 'latest') return value;
  const timestampMs = millisecondsOf(value);
  if (Number.isFinite(timestampMs)) return { timestampMs };
  context.addIssue({ code: 'custom' });
  return z.NEVER;
}
export const startFrom = kind(
  z.union([z.number(), z.string()]).transform(readStart),
  `earliest | latest | ${TIME}`,
);
