/** `bankchurn retrain`: asks the trainer for a challenger by hand, as the monitor does when the stream drifts. */
import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import { SCORE_SERIES } from '../drift/counts.ts';
import { activeModel, type Activation } from '../models/log.ts';
import type { DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import { findVerdict } from '../service/last-verdict.io.ts';
import { writeRequest } from '../service/retrain-requests.io.ts';
import { groupsOf } from '../service/role-topics.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { say, withConfig, type Context, withContext } from './context.ts';
import { moment } from './options.ts';
import { print } from './printable.ts';

interface RetrainOptions {
  readonly config: string;
  readonly reason: string;
  readonly since?: number;
}

const EXAMPLES = `
Examples:
  $ bankchurn retrain --reason "new tariff since June" --since 2026-06-01
  $ bankchurn trainer status                        what became of it`;

export function retrainCommand(): Command {
  return withConfig(new Command('retrain'))
    .description('ask for a challenger of the model that serves; the gate decides on it as on any other')
    .requiredOption('--reason <text>', 'why; kept in the retrain event')
    .option(
      '--since <time>',
      'labelled events from then on, such as 2026-11-24 (default: the newest)',
      moment,
    )
    .addHelpText('after', EXAMPLES)
    .action((options: RetrainOptions) => withContext(options, (context) => retrain(context, options)));
}

async function retrain(context: Context, { reason, since }: RetrainOptions): Promise<void> {
  const { config, kafka } = context;
  const log = await modelLogOf(context).read();
  const active = activeModel(log);
  if (active === undefined)
    throw new Error(
      'no model of the log serves, so there is no champion to challenge: start a scorer (MODEL_SOURCE=auto), or `bankchurn models activate` one',
    );
  const verdict = await findVerdict(context, undefined, ({ activation }) => activation === active.offset);
  const request = requestByHand(active, verdict, { id: randomUUID(), nowMs: Date.now(), reason, sinceMs: since ?? null }); // prettier-ignore
  await writeRequest(context, request);
  print(request.requestId);
  say(`asked for a challenger of ${active.version}; \`bankchurn trainer status\` shows what becomes of it`);
  if (log.pause !== undefined) say('the trainer is paused: `bankchurn trainer resume`');
  const trainers = await kafka.administer((admin) => admin.groupMembers(groupsOf(config).trainer));
  if (trainers === 0)
    say(`no trainer runs in group ${groupsOf(config).trainer}: it will be answered once one does`);
}

/**
 * A retrain event about the model that serves, with the numbers of its newest verdict.
 *
 * @param verdict undefined: none yet; the drift is then 0, of one event.
 */
export function requestByHand(
  active: Pick<Activation, 'version' | 'sha256' | 'offset'>,
  verdict: DriftVerdict | undefined,
  by: {
    readonly id: string;
    readonly nowMs: number;
    readonly reason: string;
    readonly sinceMs: number | null;
  },
): RetrainRequested {
  const psi = verdict?.psi ?? [];
  const features = psi.filter(({ name }) => name !== SCORE_SERIES);
  return {
    requestId: `by-hand/${by.id}`,
    modelVersion: active.version,
    modelSha256: active.sha256,
    activation: active.offset,
    countsOffset: verdict?.lastCountsOffset ?? 0,
    requestedAt: by.nowMs,
    reason: `by hand: ${by.reason}`,
    scorePsi: psi.find(({ name }) => name === SCORE_SERIES)?.psi ?? 0,
    maxFeaturePsi: Math.max(0, ...features.map((series) => series.psi)),
    events: verdict?.events ?? 1,
    customers: verdict?.requestWindow?.customers ?? 0,
    spanMs: verdict?.requestWindow?.spanMs ?? 0,
    // No rule has asked.
    ...{ byPsi: false, threshold: 0, significance: 0, minEffect: 0, series: [] },
    driftSince: by.sinceMs === null ? null : Math.min(by.sinceMs, by.nowMs),
  };
}
