import { Command } from 'commander';
import { loadModel } from '../scoring/load-model.io.ts';
import type { ScoreRequest } from '../scoring/model.ts';
import { readConfig, say, withConfig } from './context.ts';
import { readEvents } from './event-source.io.ts';
import { positiveInteger } from './options.ts';

export function scoreCommand(): Command {
  return withConfig(new Command('score'))
    .description(
      'score a file without Kafka: CSV or JSON lines in, scores as JSON lines out; the same bits as the service',
    )
    .argument('[file]', 'events.csv, events.jsonl, or - for JSON lines on standard input', '-')
    .option('--batch <n>', 'events scored at once', positiveInteger, 512)
    .option('--id-prefix <text>', 'scoreId = this and the number of the event, from 0', 'local/0/')
    .action(async (file: string, options: { config: string; batch: number; idPrefix: string }) => {
      const model = await loadModel(readConfig(options).model.dir);
      let scored = 0;
      let waiting: ScoreRequest[] = [];
      const flush = async (): Promise<void> => {
        const scores = await model.score(waiting);
        scored += scores.length;
        waiting = [];
        const drained = process.stdout.write(scores.map((score) => `${JSON.stringify(score)}\n`).join(''));
        if (!drained) await new Promise((resolve) => process.stdout.once('drain', resolve));
      };
      let index = 0;
      for await (const { event } of readEvents(file)) {
        waiting.push({ event, scoreId: options.idPrefix + String(index++) });
        if (waiting.length >= options.batch) await flush();
      }
      if (waiting.length > 0) await flush();
      await model.close();
      say(`${String(scored)} scores by model ${model.manifest.version}`);
    });
}
