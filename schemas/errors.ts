/** What the service does about an error: see docs/adr/0008-errors-are-instructions.md. */
export const ACTIONS = {
  poison: 'The record can never be read: it becomes a dead letter, and the others go on.',
  transient:
    'Something outside is in the way: nothing is committed, and the work is tried again with growing waits.',
  degraded:
    'The service goes on with the model it has, and reports the error. Without a model it waits for one.',
  fatal: 'The process stops with an exit code other than 0, and commits nothing.',
} as const;
export type ErrorAction = keyof typeof ACTIONS;

/** One table: every code of the product, the instruction it carries, what it means and what an operator does about it. */
export const ERRORS = {
  RECORD_EMPTY: {
    action: 'poison',
    means:
      'The value is null or has no bytes. Fix the producer, or set `tombstones: ignore` for null values.',
  },
  RECORD_TOO_LARGE: {
    action: 'poison',
    means: 'The value is larger than `limits.maxRecordBytes`. Send smaller events, or raise the limit.',
  },
  RECORD_UNDECODABLE: {
    action: 'poison',
    means: 'The bytes are neither JSON nor Avro of the schema they name. Fix the producer.',
  },
  RECORD_INVALID: {
    action: 'poison',
    means:
      'A field is missing, has another type or is out of its range; the message names it. Fix the producer.',
  },
  BATCH_TOO_LARGE: {
    action: 'poison',
    means:
      'A record batch would unpack to more than 16 MiB. The whole batch becomes one dead letter, as it lies in the log. Send smaller batches.',
  },
  BATCH_CORRUPT: {
    action: 'poison',
    means:
      'A record batch, or the rest of one, is not valid. It becomes one dead letter. Look at the client that wrote it.',
  },
  BATCH_UNSUPPORTED: {
    action: 'poison',
    means:
      'A record batch has a format from before Kafka 0.11, or a codec that Kafka does not name. It becomes one dead letter. Update the producer.',
  },
  SCHEMA_UNKNOWN: {
    action: 'poison',
    means:
      'The record names a schema id that the registry does not have, or no registry is configured. ' +
      'Register the schema, or set `registry.url`; then produce the dead letters again.',
  },
  SCHEMA_FOREIGN: {
    action: 'poison',
    means:
      'The schema of the record is registered under another subject, or cannot be read as ours. ' +
      'Register it under the subject that `registry.subjectStrategy` gives, with fields that are compatible.',
  },
  REGISTRY_UNAVAILABLE: {
    action: 'transient',
    means:
      'The schema registry does not answer, its answer makes no sense, or it refuses the credentials; the message says what to set. ' +
      'Known schemas and control records go on. Bring the registry back.',
  },
  BROKER_UNAVAILABLE: {
    action: 'transient',
    means:
      'Kafka does not answer, or a partition has no leader. Bring Kafka back; the service goes on by itself.',
  },
  TRANSACTION_FAILED: {
    action: 'transient',
    means:
      'Kafka did not confirm a write or a commit in time. The batch is read and written again. ' +
      'If it lasts, look at the health of the brokers.',
  },
  WRITER_FENCED: {
    action: 'transient',
    means:
      'Another writer has taken over the transactional id. If the partition is still ours, a new writer goes on. ' +
      'If it lasts, look for a second service with the same `group`.',
  },
  KAFKA_UNAUTHORIZED: {
    action: 'transient',
    means: 'A right or a login is missing; the message names it. Grant it: the service goes on by itself.',
  },
  KAFKA_TLS_FAILED: {
    action: 'transient',
    means:
      'No encrypted connection to Kafka can be made: a certificate is not trusted, has expired or is of another host, or a file of ' +
      '`kafka.caFile`, `kafka.certFile` or `kafka.keyFile` cannot be read. Correct it: the files are read at each connection.',
  },
  TOPIC_MISSING: {
    action: 'transient',
    means:
      'A topic does not exist; the message names it. Make it (`bankchurn topics create`): the service goes on by itself.',
  },
  KAFKA_REFUSED: {
    action: 'transient',
    means:
      'Kafka or its client refuses a request for good. The service tries again with a new connection, and commits nothing until then.',
  },
  GROUP_INCOMPATIBLE: {
    action: 'transient',
    means:
      'Members of an older release are in the consumer group, and the two releases divide its partitions in different ways. ' +
      'Stop the older ones, as the runbook says: the service goes on by itself.',
  },
  PROCESSING_FAILED: {
    action: 'poison',
    means:
      'Our own code fails on this record: it leaves alone, and its neighbours are processed. Report the bug with the record; ' +
      'the log line before names topic, partition and offset.',
  },
  SCORE_NOT_FINITE: {
    action: 'poison',
    means:
      'The model in service gives no finite score for this record; the message names its version. The record becomes a dead letter, its neighbours are scored. ' +
      'Activate another model, then produce the dead letters again.',
  },
  OUTPUT_TOO_LARGE: {
    action: 'transient',
    means:
      'A topic refuses an output as too large. It is sent in smaller parts; a record that is too large by itself becomes a dead letter. ' +
      'Raise `max.message.bytes` of the topic that the message names.',
  },
  MODEL_UNAVAILABLE: {
    action: 'degraded',
    means:
      'The model that is needed is not here: no release, or one whose records have not been read yet. Run `make train`, or put a release into `model.dir`.',
  },
  MODEL_CORRUPT: {
    action: 'degraded',
    means:
      'A release fails its checks or its proof; the message names which. Release the model again, or activate another one.',
  },
  PROOF_UNAVAILABLE: {
    action: 'transient',
    means:
      'The process that proves a release cannot be started: the machine has no memory or no process left for it. The release is not judged, and tried again. ' +
      'Give the service more memory (256 MiB must be free).',
  },
  CONFIG_INVALID: {
    action: 'fatal',
    means:
      'The configuration has errors; the message lists them all. Correct them, and start again (exit code 2).',
  },
  SCHEMA_REFUSED: {
    action: 'fatal',
    means:
      'The registry refuses the schema of the scores, or does not have it while `registry.autoRegister` is false; or the customer ' +
      'schema does not get on with an earlier one of events. The message names the subject, and the fields that are in the way. ' +
      'Register it (`bankchurn topics create`), or resolve the conflict in the registry or the customer schema.',
  },
  PARTITION_MISSING: {
    action: 'transient',
    means:
      'An input partition has no output partition of the same number. Add partitions to the output topic that the message names.',
  },
  OFFSET_OUT_OF_RANGE: {
    action: 'fatal',
    means:
      'Records were deleted before they were processed, or the topic was recreated. ' +
      "Set the group's offset on purpose (`bankchurn offsets adopt`), then start again.",
  },
  TOPIC_RECREATED: {
    action: 'fatal',
    means:
      'An input topic was deleted and created again: the offsets or outputs that are there belong to the former topic. ' +
      'Look at them (`bankchurn offsets show`), say where to go on (`bankchurn offsets adopt`), then start again.',
  },
  OFFSETS_UNCERTAIN: {
    action: 'fatal',
    means:
      'The group has no committed offset, and the outputs that are there do not say whether they are its own and of this topic. ' +
      'Look at them (`bankchurn offsets show`), say where to go on (`bankchurn offsets adopt`), then start again.',
  },
  COUNTS_OVERLAP: {
    action: 'fatal',
    means:
      'The drift counts hold the same events twice, and nobody has said that they are to be scored again. The monitor stops; scoring goes on. ' +
      'Look for a second writer. Then let the monitor start anew: stop it, and run `bankchurn offsets adopt --role monitor --from latest`.',
  },
  TOPIC_MISCONFIGURED: {
    action: 'fatal',
    means:
      'A topic of the model log would lose records: it has a finite retention, or is compacted. ' +
      'The message names the setting and the command that corrects it.',
  },
} as const satisfies Record<string, { readonly action: ErrorAction; readonly means: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** The codes that a dead letter may name: those of poison, and of an output that no topic takes. */
export const LETTER_CODES: readonly ErrorCode[] = (Object.keys(ERRORS) as ErrorCode[]).filter(
  (code) => ERRORS[code].action === 'poison' || code === 'OUTPUT_TOO_LARGE',
);

/** An error with a code of the table above. Expected per-record outcomes are values ({@link Poison}), not exceptions. */
export class BankChurnError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BankChurnError';
    this.code = code;
  }
  get action(): ErrorAction {
    return ERRORS[this.code].action;
  }
}

/** Whether the world is in the way: the same work may succeed later. */
export const isTransient = (error: unknown): error is BankChurnError =>
  error instanceof BankChurnError && error.action === 'transient';

/** Whether a record can never be read: it is skipped. */
export const isPoisonError = (error: unknown): error is BankChurnError =>
  error instanceof BankChurnError && error.action === 'poison';

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The message of whatever was thrown while a record was processed, without anything of the record: the messages of our own
 * errors hold no values, those of others may quote them. Of these it says the class, and where in our code it was thrown.
 */
export function messageWithoutValues(error: unknown): string {
  if (error instanceof BankChurnError) return error.message;
  if (!(error instanceof Error)) return 'something that is no error was thrown';
  const { name, message, stack = '' } = error;
  const frames = stack.slice(stack.indexOf(message) + message.length);
  const [, place] = /([\w.-]+\/[\w.-]+\.[jt]s:\d+:\d+)/.exec(frames) ?? [];
  return place === undefined ? name : `${name} at ${place}`;
}

/** Why one record cannot be scored; becomes the headers of its dead letter. */
export interface Poison {
  readonly code: ErrorCode;
  readonly message: string;
}
