import { Command } from 'commander';
import type { Config } from '../config.ts';
import { activeModel, servedRelease, type ModelLog } from '../models/log.ts';
import type { DriftVerdict } from '../schemas/generated.ts';
import { findVerdict } from '../service/last-verdict.io.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { moveLines, requestWords, seriesLines, shiftLines, shiftsOf } from './drift-show.ts';
import { say, withConfig, type Context, withContext } from './context.ts';
import { isoTime } from './models-show.ts';
import { print } from './printable.ts';

export function driftCommand(): Command {
  return withConfig(new Command('drift'))
    .description('the newest verdict of the monitor: each series, the bins that moved, what moves the scores')
    .option('--json', 'the whole record as JSON, and which model serves')
    .action((options: { config: string; json?: true }) =>
      withContext(options, async (context) => {
        const standing = await readStanding(context);
        if (options.json === true) print(JSON.stringify(asJson(standing)));
        else show(standing, context.config);
      }),
    );
}

/** The model that serves, as the model log says. */
interface Active {
  readonly version: string;
  readonly modelSha256: string;
  /** Offset of its activation in the model log. */
  readonly activation: number;
  /** When it was activated, ISO 8601 (a number that is no time stays one). */
  readonly since: string | number;
}

/** The newest verdict, and the model that serves; undefined: none, or the log is not what decides. */
export interface Standing {
  readonly verdict: DriftVerdict | undefined;
  readonly active: Active | undefined;
}

/** Of the model that serves, the newest verdict; else the newest of all. */
async function readStanding(context: Context): Promise<Standing> {
  const active = await readActive(context);
  const skipped = new Set<number | undefined>();
  const find = (isWanted: (verdict: DriftVerdict) => boolean): Promise<DriftVerdict | undefined> =>
    findVerdict(context, (offset) => skipped.add(offset), isWanted);
  const isCurrent = (verdict: DriftVerdict): boolean => !isPast({ verdict, active });
  const verdict = (await find(isCurrent)) ?? (await find(() => true));
  if (skipped.size > 0)
    say(
      `skipped ${String(skipped.size)} records of ${context.config.topics.names.driftVerdicts} that cannot be read`,
    );
  return { verdict, active };
}

/** A model that no log activates is the image's own: any verdict is about it. */
async function readActive(context: Context): Promise<Active | undefined> {
  if (context.config.model.source === 'image') return undefined;
  return activeOf(await modelLogOf(context).read());
}

function activeOf(log: ModelLog): Active | undefined {
  const active = activeModel(log);
  if (active === undefined) return undefined;
  const { offset: activation, sha256: modelSha256, recordedAt } = active;
  const version = servedRelease(log, active)?.version ?? active.version;
  return { version, modelSha256, activation, since: isoTime(recordedAt) };
}

/** Whether a verdict is about another model than the one that serves. */
const isPast = ({ verdict, active }: Standing): boolean =>
  verdict !== undefined && active !== undefined && verdict.activation !== active.activation;

/** The verdict's record, `shifts`: what moved the mean margin, `active`: the model that serves (null: not known), `current`: whether the verdict is about it. */
export const asJson = (standing: Standing): object => ({
  ...standing.verdict,
  ...(standing.verdict !== undefined && { shifts: shiftsOf(standing.verdict) ?? null }),
  active: standing.active ?? null,
  current: standing.verdict !== undefined && !isPast(standing),
});

function show(standing: Standing, { topics, drift }: Config): void {
  const { verdict } = standing;
  if (verdict !== undefined && !isPast(standing)) print(verdictLines(verdict, drift.threshold));
  say(conclusion(standing, topics.names.driftVerdicts, drift.paneEvents));
}

const verdictLines = (verdict: DriftVerdict, threshold: number): string[] => [
  ...seriesLines(verdict, threshold),
  ...moveLines(verdict),
  ...shiftLines(verdict),
];

/** What the verdict says of the model that serves, in one sentence. */
export function conclusion(standing: Standing, topic: string, paneEvents: number): string {
  const { verdict, active } = standing;
  const rule = `one is taken every ${String(paneEvents)} events`;
  if (verdict === undefined && active === undefined) return `no verdict yet on ${topic}: ${rule}`;
  if (verdict === undefined) return `no verdict yet about ${nameOf(active!)}: ${rule}`;
  const about = `${verdict.modelSha256.slice(0, 8)} (activation ${String(verdict.activation)})`;
  if (active !== undefined && isPast(standing))
    return `no verdict yet about ${nameOf(active)}: ${rule}. The last one was about model ${about}`;
  const found = verdict.alert ? 'alert, drifted' : verdict.drifted ? 'drifted' : 'no drift';
  return `${found}: ${String(verdict.events)} events against model ${verdict.modelSha256.slice(0, 8)}${requestWords(verdict)}`;
}

const nameOf = ({ version, since }: Active): string => `${version} (active since ${String(since)})`;
