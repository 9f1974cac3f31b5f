/** The monitor beside a scorer: verdicts in order, and one retrain event for each activation. */
import type { DriftVerdict, RetrainRequested } from '../../schemas/generated.ts';
import { roleRights } from '../../service/rights.ts';
import type { RoleSite } from './role-site.ts';
import type { SecureBroker } from './secure-broker.ts';
import { openSite } from './site.ts';
import { startWatched } from './trial.ts';
import { startTrickle } from './trickle.ts';
import { withSecondModel, type TwoModels } from './two-models.ts';

/** Every verdict is a drifted one, and asks for a new model: once per activation. */
const EAGER = {
  DRIFT_PANE_EVENTS: '10',
  DRIFT_MIN_EVENTS: '1',
  DRIFT_MIN_CUSTOMERS: '1',
  DRIFT_THRESHOLD: '0.000001',
  DRIFT_REQUEST_EVENTS: '10',
  DRIFT_COOLDOWN_EVENTS: '0',
  DRIFT_WEEKLY_REQUESTS: '1000',
  DRIFT_PERSISTENCE: '1',
};

export async function openMonitorSite(broker: SecureBroker): Promise<RoleSite> {
  const site = await openSite(broker, 'm.', EAGER);
  const { config, kafka } = site.context;
  const { driftVerdicts, retrainEvents } = config.topics.names;
  const rights = roleRights('monitor', config);
  await broker.grant('scorer', roleRights('scorer', config));
  const scorer = await startWatched(site.env('scorer'), ['scorer']);
  const trickle = await startTrickle(site.context);
  const verdicts: number[] = [];
  const requested: number[] = [];
  const reader = await kafka.openReader(
    [driftVerdicts, retrainEvents],
    { fromBeginning: true },
    (topic, _, { value }) => {
      const record = JSON.parse(String(value)) as DriftVerdict | RetrainRequested;
      if (topic === driftVerdicts) verdicts.push((record as DriftVerdict).lastCountsOffset);
      else requested.push(record.activation);
    },
  );
  let models: TwoModels | undefined;
  const wanted: number[] = [];
  return {
    role: 'monitor',
    site,
    rights,
    work: async ({ need }) => {
      let before: number | undefined;
      const goesOn = (): boolean => verdicts.length > (before ??= verdicts.length) + 2;
      if (need === 'never') return goesOn;
      models ??= await withSecondModel(site.context);
      const { version, activation } = await models.change();
      wanted.push(activation);
      return async (service) =>
        goesOn() &&
        requested.includes(activation) &&
        (await service.health()).body['model_version'] === version;
    },
    finish: () => Promise.resolve(() => true),
    fresh: (right) => {
      const before = verdicts.length;
      return Promise.resolve({ site, right, rights, isBack: () => verdicts.length > before + 2 });
    },
    judge: () =>
      Promise.resolve([
        ...verdicts.flatMap((last, i) =>
          i > 0 && last <= verdicts[i - 1]! ? [`verdict at ${String(last)} again`] : [],
        ),
        ...wanted
          .filter((activation) => requested.filter((found) => found === activation).length !== 1)
          .map((activation) => `not one request for activation ${String(activation)}`),
      ]),
    close: async () => {
      await trickle.close();
      await reader.close();
      await scorer.process.kill();
    },
  };
}
