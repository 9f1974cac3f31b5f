import { Command, Option } from 'commander';
import { BankChurnError, isTransient, messageOf } from '../schemas/errors.ts';
import type { ChurnScore } from '../schemas/generated.ts';
import type { OwnRecord } from '../schemas/own.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import type { Registry } from '../schemas/registry.io.ts';
import { decodeOwn } from '../service/codecs.ts';
import { openContext, readConfig, say, withConfig } from './context.ts';
import { positiveInteger } from './options.ts';
import { print } from './printable.ts';

interface ConsumeOptions {
  readonly config: string;
  readonly fromBeginning?: true;
  readonly count?: number;
  readonly format: 'table' | 'jsonl';
  readonly deadLetters?: true;
}

export function consumeCommand(): Command {
  return withConfig(new Command('consume'))
    .description('show churn scores (or dead letters) as they are committed, until Ctrl-C')
    .option('--from-beginning', 'all that the topic holds, then what comes')
    .option(
      '--count <n>',
      'end after so many records; exit code 1 if none of them could be read',
      positiveInteger,
    )
    .option('--dead-letters', 'the dead letters instead of the scores')
    .addOption(
      new Option('--format <format>')
        .choices(['table', 'jsonl'])
        .default(process.stdout.isTTY ? 'table' : 'jsonl'),
    )
    .action(consume);
}

async function consume(options: ConsumeOptions): Promise<void> {
  const { config, kafka, registry } = openContext(readConfig(options));
  const topic = options.deadLetters ? config.topics.names.deadLetters : config.topics.names.churnScores;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  process.once('SIGINT', finish).once('SIGTERM', finish);
  say(`reading ${topic}${options.fromBeginning ? ' from its beginning' : ', new records only'}; Ctrl-C ends`);
  const lineOf = async (partition: number, record: SourceRecord): Promise<string> =>
    options.deadLetters
      ? deadLetterLine(partition, record)
      : scoreLine(await readScore(record, registry), options.format);
  const shown = createDisplay(topic, options.count ?? Infinity, lineOf, finish);
  const opening = kafka.openReader(
    [topic],
    { fromBeginning: options.fromBeginning === true },
    (_, partition, record) => shown.take(partition, record),
    shown.fault,
  );
  await Promise.race([opening, finished]);
  await finished;
  if (!shown.end() && options.count !== undefined) process.exitCode = 1;
  // Kafka may not answer, at the start or now: whoever asks for the end gets it.
  setTimeout(() => process.exit(), CLOSE_MS).unref();
  await (await opening).close();
  registry?.close();
}

/** Time to leave the group, milliseconds. */
const CLOSE_MS = 2000;

/** Reasons that are said; more than these are only counted. */
const MAX_REASONS = 20;

/** Shows up to `count` records. What cannot be read is skipped, counts as one of them, and is said once for each reason. */
function createDisplay(
  topic: string,
  count: number,
  lineOf: (partition: number, record: SourceRecord) => Promise<string>,
  finish: () => void,
) {
  const reasons = new Set<string>();
  let [shown, skipped] = [0, 0];
  const sayOnce = (reason: string, line: string): void => {
    if (reasons.has(reason) || reasons.size >= MAX_REASONS) return;
    reasons.add(reason);
    say(line);
  };
  const fault = (error: unknown): void => sayOnce(messageOf(error), `waiting: ${messageOf(error)}`);
  return {
    /** Rejects with what may pass: the record is to come again. */
    take: async (partition: number, record: SourceRecord): Promise<void> => {
      if (shown + skipped >= count) return;
      try {
        print(await lineOf(partition, record));
        shown += 1;
      } catch (error) {
        if (isTransient(error)) throw error;
        skipped += 1;
        const place = `${topic}/${String(partition)}/${String(record.offset)}`;
        const reason = error instanceof BankChurnError ? error.code : messageOf(error);
        sayOnce(reason, `${place} cannot be read: ${messageOf(error)}; records like it are skipped`);
      }
      if (shown + skipped >= count) finish();
    },
    /** Why reading waits. */
    fault,
    /** Whether anything was shown. */
    end: (): boolean => {
      if (skipped > 0) say(`${String(skipped)} records could not be read, ${String(shown)} could`);
      return shown > 0;
    },
  };
}

/** A score of either encoding. Rejects with a BankChurnError. */
export const readScore = async (record: OwnRecord, registry: Registry | undefined): Promise<ChurnScore> =>
  (await decodeOwn(record, registry, 'ChurnScore')) as ChurnScore;

function scoreLine(score: ChurnScore, format: 'table' | 'jsonl'): string {
  if (format === 'jsonl') return JSON.stringify(score);
  const reasons = score.reasons.map(
    ({ feature, contribution }) => `${feature} ${contribution >= 0 ? '+' : ''}${contribution.toFixed(2)}`,
  );
  const percent = `${(score.churnProbability * 100).toFixed(1)} %`.padStart(7);
  return `${score.customerId.padEnd(14)} ${percent}  ${score.riskLevel.padEnd(6)}  ${reasons.join('  ')}`;
}

function deadLetterLine(partition: number, { offset, headers, value }: SourceRecord): string {
  const header = (name: string): string => String(headers[name] ?? '');
  return JSON.stringify({
    partition,
    offset,
    errorCode: header('error-code'),
    errorMessage: header('error-message'),
    source: `${header('source-topic')}/${header('source-partition')}/${header('source-offset')}`,
    sizeBytes: value?.length ?? null,
  });
}
