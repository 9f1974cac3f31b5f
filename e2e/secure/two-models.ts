/** A second model in the log of a site, and changes between the two. */
import type { Context } from '../../cli/context.ts';
import { decideByOperator } from '../../models/log-decisions.ts';
import type { ModelName } from '../../models/log.ts';
import { createSimulator } from '../../producers/simulator.ts';
import { modelLogOf } from '../../service/wiring.io.ts';
import { splitDataset } from '../../training/split.ts';
import { BANK } from '../../schemas/customer/bank.fixture.ts';
import { trainRelease } from '../../training/train.ts';

/** Another model than the shipped one, small. */
function trainOther() {
  const next = createSimulator({ seed: 3, startMs: 0, stepMs: 1, idPrefix: 's' });
  const all = Array.from({ length: 2000 }, next);
  const dataset = {
    name: 'simulated',
    sha256: 'of-no-file',
    events: all.map(({ event }) => event),
    labels: Uint8Array.from(all, ({ churned }) => Number(churned)),
    rowNumbers: all.map((_, i) => i + 1),
  };
  return trainRelease(dataset, splitDataset(dataset, 1), { customer: BANK, parameters: { rounds: 10 } })
    .release;
}

export interface TwoModels {
  /** Activates the one that is not active, as an operator. Returns its version and the offset of the activation. */
  change(): Promise<{ version: string; activation: number }>;
}

/** Puts a second release beside the shipped one, which is active. */
export async function withSecondModel(context: Context): Promise<TwoModels> {
  const modelLog = modelLogOf(context);
  const other = trainOther();
  const nameOf = ({ version, sha256 }: ModelName): ModelName => ({ version, sha256 });
  const brought = { ...nameOf(other.manifest), release: true, kinds: [] };
  const { log } = await modelLog.write(() => brought, 'OPERATOR', other);
  let [present, next] = [nameOf(log.releases[0]!), nameOf(other.manifest)];
  return {
    change: async () => {
      [present, next] = [next, present];
      const written = await modelLog.write(() => decideByOperator(present, false, 'a test'), 'OPERATOR');
      return { version: present.version, activation: written.offset! };
    },
  };
}
