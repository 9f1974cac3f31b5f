/** `make chaos-controls`: services that are wrong on purpose, and an oracle that looks wrong: each run must end in faults. CONTROLS=name,… takes some. */
import type { PlantedBug } from '../planted-bugs.ts';
import { runCommand, say } from './command.ts';
import type { FaultCounts } from './plan.ts';
import { runChaos, type ChaosOptions } from './run.ts';

const NONE = { perFailpoint: 0, kills: 0, zombies: 0, late: 0, drains: 0, brokers: 0, roles: 0, resets: 0, holes: 0, slow: 0, half: 0, registry: 0, grow: 0 } as const satisfies FaultCounts; // prettier-ignore
const planted = (bug: PlantedBug, faults: Partial<FaultCounts>): Partial<ChaosOptions> => ({
  env: { PLANTED_BUG: bug },
  faults: { ...NONE, ...faults },
});

/** Where a fault shows by chance: runs with other seeds, until one finds it. */
interface Control extends Partial<ChaosOptions> {
  readonly tries?: number;
}
const CONTROLS: Readonly<Record<string, Control>> = {
  'no-fence': planted('no-fence', { late: 2 }),
  'no-re-read': planted('no-re-read', { late: 2 }),
  'unseen-replies': { ...planted('unseen-replies', { roles: 5 }), brokers: 3, tries: 10 },
  'fetched-is-committed': planted('fetched-is-committed', { resets: 100, brokers: 1 }),
  'resolve-before-commit': planted('resolve-before-commit', { resets: 100, brokers: 1 }),
  'outage-is-poison': planted('outage-is-poison', { registry: 1 }),
  'flipped-byte': { flipByte: true, faults: { ...NONE, kills: 1 } },
  'reads-uncommitted': { isolation: 'read_uncommitted', faults: { ...NONE, perFailpoint: 1 } },
  none: { faults: { ...NONE, kills: 1 } },
};

/** An account that does not come out; that something took too long, or ended, proves nothing about the oracle. */
const isJudged = (fault: string): boolean => / \d+, wanted \d+$/.test(fault);

/** Whether the control came out as it must. */
async function isAsItMustBe(name: string, signal: AbortSignal): Promise<boolean> {
  const base = {
    events: 40_000,
    seed: 5,
    rate: 800,
    doneTimeoutMs: 30_000,
    faults: NONE,
    log: process.env['CHAOS_VERBOSE'] === undefined ? (): void => undefined : say,
    signal,
  };
  const { tries = 1, ...control } = CONTROLS[name]!;
  let faults: readonly string[] = [];
  let tried = 0;
  for (; tried < tries && faults.length === 0; tried++)
    faults = (await runChaos({ ...base, ...control, seed: base.seed + tried })).faults.filter(
      (fault) => name === 'none' || isJudged(fault),
    );
  const isRight = (name === 'none') === (faults.length === 0);
  say(
    `${isRight ? 'as it must be' : 'NOT as it must be'}  ${name}${tried > 1 ? ` (try ${String(tried)})` : ''}: ${faults.map((fault) => fault.slice(0, 160)).join('; ') || 'no fault'}`,
  );
  return isRight;
}

await runCommand(async (signal) => {
  const names = Object.keys(CONTROLS);
  const chosen = process.env['CONTROLS']?.split(',') ?? names;
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Error(`CONTROLS: no ${unknown.join(', ')}; there are ${names.join(', ')}`);
  let wrong = 0;
  for (const name of chosen) if (!(await isAsItMustBe(name, signal))) wrong += 1;
  return wrong === 0 ? 0 : 1;
});
