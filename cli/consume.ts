import { Command, Option } from 'commander';
import { MAGIC_BYTE } from '../schemas/avro.ts';
import { messageOf } from '../schemas/errors.ts';
import type { ChurnScore } from '../schemas/generated.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import type { Registry } from '../schemas/registry.io.ts';
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
    .option('--count <n>', 'end after so many records', positiveInteger)
    .option('--dead-letters', 'the dead letters instead of the scores')
    .addOption(
      new Option('--format <format>')
        .choices(['table', 'jsonl'])
        .default(process.stdout.isTTY ? 'table' : 'jsonl'),
    )
    .action(async (options: ConsumeOptions) => {
      const { config, kafka, registry } = openContext(readConfig(options));
      const topic = options.deadLetters ? config.topics.names.deadLetters : config.topics.names.churnScores;
      let left = options.count ?? Infinity;
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      process.once('SIGINT', finish).once('SIGTERM', finish);
      say(
        `reading ${topic}${options.fromBeginning ? ' from its beginning' : ', new records only'}; Ctrl-C ends`,
      );
      const readerOptions = {
        group: `${config.group}.consume`,
        fromBeginning: options.fromBeginning === true,
      };
      const reader = await kafka.openReader(
        [topic],
        readerOptions,
        async (_, partition, record) => {
          if (left <= 0) return;
          const line = options.deadLetters
            ? deadLetterLine(partition, record)
            : scoreLine(await readScore(record, registry), options.format);
          print(line);
          left -= 1;
          if (left === 0) finish();
        },
        (error) => say(messageOf(error)),
      );
      await finished;
      await reader.close();
      registry?.close();
    });
}

/** A score of either encoding. */
export async function readScore(
  { value }: SourceRecord,
  registry: Registry | undefined,
): Promise<ChurnScore> {
  if (value === null) throw new Error('a score without a value');
  if (value[0] !== MAGIC_BYTE) return JSON.parse(value.toString()) as ChurnScore;
  if (registry === undefined) throw new Error('these scores are Avro: set SCHEMA_REGISTRY_URL');
  return (await registry.decode(value)) as ChurnScore;
}

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
