/** What the trials of rights need of a role: its deployment, work for it, and a judge of what came out. */
import type { NeededRight } from '../../service/rights.ts';
import type { RoleName } from '../../service/role-topics.ts';
import type { SecureBroker } from './secure-broker.ts';
import type { Site } from './site.ts';
import { names, observe, startWatched, type IsBack, type Trial, type Watched } from './trial.ts';

export interface RoleSite {
  readonly role: RoleName;
  readonly site: Site;
  readonly rights: readonly NeededRight[];
  /** Gives the role work that needs the right; returns whether that is done. Called once the right is away. */
  work(right: NeededRight): Promise<IsBack>;
  /** Ends the work, before the service is stopped. */
  finish(): Promise<IsBack>;
  /** A deployment in which the right is needed to start, and what is granted there besides. */
  fresh(right: NeededRight): Promise<{ site: Site; right: NeededRight; rights: readonly NeededRight[]; isBack: IsBack }>;
  /** Of everything so far: what is missing or came twice, in words. */
  judge(): Promise<readonly string[]>;
  close(): Promise<void>;
} // prettier-ignore

/** Takes each right away and gives it back, one after the other. */
export async function tryRights(broker: SecureBroker, roleSite: RoleSite): Promise<Trial[]> {
  const { role, site, rights } = roleSite;
  await broker.grant(role, rights);
  let service = await startWatched(site.env(role), [role]);
  await until(service, await roleSite.work({ ...rights[0]!, need: 'never' }));
  const trials: Trial[] = [];
  for (const right of rights.filter(({ need }) => need !== 'starts')) {
    if (service.isGone()) service = await startWatched(site.env(role), [role]);
    const take = async (): Promise<IsBack> => {
      await broker.revoke(role, [right]);
      return roleSite.work(right);
    };
    const giveBack = (): Promise<void> => broker.grant(role, [right]);
    trials.push(await observe(right, 'while it runs', service, { take, giveBack }));
  }
  await until(service, await roleSite.finish());
  await service.process.stop();
  for (const right of rights.filter(({ need }) => need === 'starts'))
    trials.push(await tryStart(broker, roleSite, right));
  return trials;
}

async function tryStart(
  broker: SecureBroker,
  { role, fresh }: RoleSite,
  listed: NeededRight,
): Promise<Trial> {
  const { site, right, rights, isBack } = await fresh(listed);
  await broker.grant(role, rights);
  await broker.revoke(role, [right]);
  const service = await startWatched(site.env(role), [role]);
  try {
    const giveBack = (): Promise<void> => broker.grant(role, [right]);
    return await observe(right, 'at start', service, { take: () => Promise.resolve(isBack), giveBack });
  } finally {
    await service.process.kill();
  }
}

async function until(service: Watched, isBack: IsBack): Promise<void> {
  const deadline = Date.now() + 40_000;
  while (!((await service.health()).status === 200 && (await isBack(service)))) {
    if (Date.now() > deadline)
      throw new Error(
        `not ready in 40 s: ${(await service.health()).detail ?? 'no cause'}\n${service.lines.slice(-25).join('\n')}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What is wrong with a trial, in words; empty: all is as promised. */
export function faultsOf({ right, when, health, line, recoveredMs }: Trial): string[] {
  const what = `${right.operation} ${right.resource} ${right.name} ${when}`;
  const faults: string[] = [];
  if (recoveredMs === undefined) faults.push('did not recover within 15 s');
  if (right.need !== 'never' && !names(health, right)) faults.push(`/health does not name it: ${health}`);
  if (right.need !== 'never' && line === undefined) faults.push('the log does not name it');
  if (right.need === 'never' && !health.startsWith('200')) faults.push(`not needed, but: ${health}`);
  return faults.map((fault) => `${what}: ${fault}`);
}
