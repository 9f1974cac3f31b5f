/** `make chaos-controls`: services that are wrong on purpose, and an oracle that looks wrong: each run must end in faults. CONTROLS=name,… takes some. */
import type { PlantedBug } from '../planted-bugs.ts';
import type { FaultCounts } from './plan.ts';
import { runChaos, type ChaosOptions } from './run.ts';

const NONE = { perFailpoint: 0, kills: 0, zombies: 0, drains: 0, brokers: 0, resets: 0, holes: 0, slow: 0, half: 0, registry: 0, grow: 0 } as const satisfies FaultCounts; // prettier-ignore
const planted = (bug: PlantedBug, faults: Partial<FaultCounts>): Partial<ChaosOptions> => ({
  env: { PLANTED_BUG: bug },
  faults: { ...NONE, ...faults },
});

const CONTROLS: Readonly<Record<string, Partial<ChaosOptions>>> = {
  'id-per-member': planted('id-per-member', { zombies: 4 }),
  'resolve-before-commit': planted('resolve-before-commit', { resets: 100, brokers: 1 }),
  'outage-is-poison': planted('outage-is-poison', { registry: 1 }),
  'flipped-byte': { flipByte: true, faults: { ...NONE, kills: 1 } },
  'reads-uncommitted': { isolation: 'read_uncommitted', faults: { ...NONE, perFailpoint: 1 } },
  none: { faults: { ...NONE, kills: 1 } },
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const chosen = process.env['CONTROLS']?.split(',') ?? Object.keys(CONTROLS);
let wrong = 0;
for (const name of chosen) {
  const base = {
    events: 40_000,
    seed: 5,
    rate: 800,
    doneTimeoutMs: 30_000,
    faults: NONE,
    log: () => undefined,
  };
  const { faults } = await runChaos({ ...base, ...CONTROLS[name]! });
  const isRight = name === 'none' ? faults.length === 0 : faults.length > 0;
  if (!isRight) wrong += 1;
  say(
    `${isRight ? 'as it must be' : 'NOT as it must be'}  ${name}: ${faults.map((fault) => fault.slice(0, 160)).join('; ') || 'no fault'}`,
  );
}
process.exit(wrong === 0 ? 0 : 1);
