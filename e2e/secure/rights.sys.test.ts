/** Each right of each role taken away and given back: what says so, that nothing is lost or doubled, and that it goes on by itself. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROLES, type RoleName } from '../../service/role-topics.ts';
import { openMonitorSite } from './monitor-site.ts';
import { faultsOf, tryRights, type RoleSite } from './role-site.ts';
import { writeReport } from './report.ts';
import { openScorerSite } from './scorer-site.ts';
import { startSecureBroker, type SecureBroker } from './secure-broker.ts';
import { openTrainerSite } from './trainer-site.ts';
import type { Trial } from './trial.ts';

const SITES: Readonly<Record<RoleName, (broker: SecureBroker) => Promise<RoleSite>>> = {
  scorer: openScorerSite,
  monitor: openMonitorSite,
  trainer: openTrainerSite,
};

let broker: SecureBroker;
const trials = new Map<RoleName, readonly Trial[]>();

beforeAll(async () => {
  broker = await startSecureBroker(ROLES);
}, 120_000);
afterAll(async () => {
  await broker.stop();
  if (process.env['UPDATE_DOCS'] === '1' && trials.size === ROLES.length) writeReport(trials);
});

test.concurrent.each(ROLES)('%s: each right away and back', { timeout: 400_000 }, async (role) => {
  const site = await SITES[role](broker);
  try {
    const tried = await tryRights(broker, site);
    trials.set(role, tried);
    for (const { right, when, health, line, metrics, recoveredMs } of tried)
      process.stderr.write(
        `${role}: ${right.operation} ${right.resource} ${right.name} (${right.need}, ${when})\n    ${health}\n    ${line?.slice(0, 300) ?? '-'}\n    ${metrics.join('; ')}\n    back after ${String(recoveredMs)} ms\n`,
      );
    expect([...tried.flatMap(faultsOf), ...(await site.judge())]).toEqual([]);
  } finally {
    await site.close();
  }
});
