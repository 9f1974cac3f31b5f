/** The scorer under a trickle of events: each must be answered once. */
import { roleRights } from '../../service/rights.ts';
import type { RoleSite } from './role-site.ts';
import type { SecureBroker } from './secure-broker.ts';
import { openSite } from './site.ts';
import { startTrickle } from './trickle.ts';
import type { IsBack } from './trial.ts';
import { withSecondModel, type TwoModels } from './two-models.ts';

export async function openScorerSite(broker: SecureBroker): Promise<RoleSite> {
  const site = await openSite(broker, 's.');
  const rights = roleRights('scorer', site.context.config);
  const trickle = await startTrickle(site.context);
  let models: TwoModels | undefined;
  const answersAll = (): IsBack => {
    let upTo: string[] | undefined;
    return () => trickle.answered((upTo ??= [...trickle.sent]));
  };
  return {
    role: 'scorer',
    site,
    rights,
    work: async ({ need }) => {
      const answers = answersAll();
      if (need !== 'model') return answers;
      models ??= await withSecondModel(site.context);
      const { version } = await models.change();
      return async (service) =>
        answers(service) && (await service.health()).body['model_version'] === version;
    },
    finish: async () => {
      await trickle.stop();
      return answersAll();
    },
    fresh: async (right) => {
      const isOfOutputs = right.operation === 'READ';
      // A group without offsets beside the outputs of another one, or a log without the image's model.
      const place = isOfOutputs
        ? await openSite(broker, 's.', {
            GROUP_ID: `second-${String(rights.indexOf(right))}`,
            START_FROM: 'latest',
          })
        : await openSite(broker, `s${String(rights.indexOf(right))}.`);
      const there = roleRights('scorer', place.context.config);
      return { site: place, right: there[rights.indexOf(right)]!, rights: there, isBack: () => true };
    },
    judge: () => {
      const lost = [...trickle.sent].filter((id) => !trickle.came.has(id));
      const doubled = [...trickle.came].filter(([, times]) => times > 1);
      return Promise.resolve([
        ...(trickle.sent.size < 100 ? [`only ${String(trickle.sent.size)} events`] : []),
        ...lost.map((id) => `lost: ${id}`),
        ...doubled.map(([id, times]) => `${String(times)} times: ${id}`),
      ]);
    },
    close: () => trickle.close(),
  };
}
