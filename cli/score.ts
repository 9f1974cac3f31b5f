import { Command } from 'commander';
import { checkInputs, schemaOfModel } from '../models/customer-schema.ts';
import { loadModel } from '../scoring/load-model.io.ts';
import type { ScoreRequest } from '../scoring/model.ts';
import { readConfig, say, withConfig } from './context.ts';
import { openEvents, withEventFile, type ReadingOptions } from './event-file.io.ts';
import { watchInputs } from './input-watch.ts';
import { positiveInteger } from './options.ts';
import { print } from './printable.ts';

interface ScoreOptions extends ReadingOptions {
  readonly config: string;
  readonly batch: number;
  readonly idPrefix: string;
}

export function scoreCommand(): Command {
  return withEventFile(withConfig(new Command('score')))
    .description(
      'score a file without Kafka: CSV or JSON lines in, scores as JSON lines out; the same bits as the service',
    )
    .argument('[file]', 'customers.csv, events.jsonl, or - for JSON lines on standard input', '-')
    .option('--batch <n>', 'events scored at once', positiveInteger, 512)
    .option('--id-prefix <text>', 'scoreId = this and the number of the event, from 0', 'local/0/')
    .action(async (file: string, options: ScoreOptions) => {
      const config = readConfig(options);
      const model = await loadModel(config.model.dir);
      let scored = 0;
      let waiting: ScoreRequest[] = [];
      const flush = async (): Promise<void> => {
        const scores = await model.score(waiting);
        scored += scores.length;
        waiting = [];
        const drained = print(scores.map((score) => JSON.stringify(score)));
        if (!drained) await new Promise((resolve) => process.stdout.once('drain', resolve));
      };
      let index = 0;
      const { allowMissing, badRows } = options;
      checkInputs(model.manifest, config.customer);
      const schema = schemaOfModel(model.manifest, config.customer);
      const watch = watchInputs(schema, model.manifest.features);
      const reading = { allowMissing, badRows, schema, watch, notice: say };
      for await (const { event } of await openEvents(file, reading)) {
        waiting.push({ event, scoreId: options.idPrefix + String(index++) });
        if (waiting.length >= options.batch) await flush();
      }
      if (waiting.length > 0) await flush();
      await model.close();
      say(`${String(scored)} scores by model ${model.manifest.version}`);
    });
}
