/** The judgement of a run that is over: Kafka's own client reads everything, and each score is computed again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../cli/context.ts';
import type { Cluster } from './cluster.ts';
import { cutLetters, POISON_EVERY } from './input.ts';
import type { Oracle } from './java.ts';

interface Judged {
  readonly input: number;
  readonly scores: number;
  readonly deadLetters: number;
  readonly missing: number;
  readonly invented: number;
  readonly duplicates: number;
  readonly disorder: number;
  readonly strays: number;
  readonly onlyUncommitted: number;
  readonly changedBytes: number;
  readonly changedHeaders: number;
  /** Dead letters that were cut, as they had to be. */
  readonly cut: number;
}
interface Recomputed {
  readonly compared: number;
  readonly different: number;
  readonly deadLetters: number;
}

export interface Judgement {
  /** What is not as it must be. */
  readonly faults: readonly string[];
  readonly judged: Judged;
  readonly recomputed: Recomputed;
}

/** A run that is over; its records are left in `folder`. */
export interface EndedRun {
  readonly oracle: Oracle;
  readonly cluster: Cluster;
  readonly folder: string;
  readonly partitions: number;
  readonly events: number;
  /** Of the oracle's reading (default: read_committed). */
  readonly isolation?: 'read_committed' | 'read_uncommitted';
  /** A control: the expected scores are those of a model with another byte. */
  readonly flipByte?: boolean;
}

export async function judge(run: EndedRun): Promise<Judgement> {
  const { oracle, cluster, folder, partitions, events, isolation = 'read_committed' } = run;
  const { customerEvents, churnScores, deadLetters } = cluster.direct.config.topics.names;
  const topics = [customerEvents, churnScores, deadLetters];
  const judging = oracle.run<Judged>(['judge', cluster.brokers, ...topics, folder, isolation]);
  const judged = (await judging.ended)!;
  const modelDir = join(packageRoot(), 'models/champion');
  const recomputed = await recompute(folder, partitions, modelDir, {
    ...cluster.env,
    KAFKA_BROKERS: cluster.brokers,
    FLIP_BYTE: run.flipByte === true ? '1' : '',
  });
  const faults = expectations(judged, recomputed, events)
    .filter(([, found, wanted]) => found !== wanted)
    .map(([what, found, wanted]) => `${what}: ${String(found)}, wanted ${String(wanted)}`);
  return { faults, judged, recomputed };
}

function expectations(
  judged: Judged,
  recomputed: Recomputed,
  events: number,
): [what: string, found: number, wanted: number][] {
  const poison = Math.floor(events / POISON_EVERY);
  return [
    ['events in the input', judged.input, events],
    ['scores', judged.scores, events - poison],
    ['dead letters', judged.deadLetters, poison],
    ['missing', judged.missing, 0],
    ['of nothing in the input', judged.invented, 0],
    ['doubled', judged.duplicates, 0],
    ['out of order', judged.disorder, 0],
    ['in another partition', judged.strays, 0],
    ['dead letters with other bytes', judged.changedBytes, 0],
    ['dead letters with other headers', judged.changedHeaders, 0],
    ['dead letters cut', judged.cut, cutLetters(poison)],
    ['scores compared with the expected ones', recomputed.compared, events - poison],
    ['scores with other bits', recomputed.different, 0],
    ['dead letters expected', recomputed.deadLetters, poison],
  ];
}

async function recompute(
  folder: string,
  partitions: number,
  modelDir: string,
  env: Readonly<Record<string, string>>,
): Promise<Recomputed> {
  const script = join(packageRoot(), 'e2e/chaos/recompute.ts');
  const args = ['--import', 'tsx', script, folder, String(partitions), modelDir];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    cwd: packageRoot(),
    stdio: 'pipe',
  });
  let [said, words] = ['', ''];
  child.stdout.on('data', (data) => (said += String(data)));
  child.stderr.on('data', (data) => (words += String(data)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the expected scores could not be computed:\n${words}`);
  return JSON.parse(said) as Recomputed;
}
