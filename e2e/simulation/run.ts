/** One run of a seed: a few scorers, faults at any time, then calm; and whether the law held. */
import type { Role } from '../../schemas/ports.ts';
import type { Bent } from './member-context.ts';
import { startMember, type Member } from './member.ts';
import { startProcess, type SimulatedProcess } from './process.ts';
import { copyRole, cursed, mark, paneRole, skip } from './roles.ts';
import { createWorld, expectedOutput, type World } from './world.ts';

/** What went wrong, or undefined. `faults`: what was done to the scorers, in words. */
export interface Outcome {
  readonly violation: string | undefined;
  readonly faults: readonly string[];
}

/** Faults happen until then, virtual milliseconds. */
const STORM_MS = 500;
/** In calm weather everything must have been done by then. */
const PATIENCE_MS = 20_000;
/** A zombie would have written by then. */
const GRACE_MS = 600;

/** Runs the loop through the world of a seed. */
export async function simulate(seed: number, bent: Bent = {}): Promise<Outcome> {
  const world = createWorld(seed);
  const { random, time, weather, partitions } = world;
  const faults: string[] = [];
  const violations: string[] = [];
  const members: Member[] = [];
  const start = (): void => {
    const id = `m${String(members.length)}`;
    members.push(startScorer(world, id, bent, (what) => violations.push(what)));
  };

  for (let p = 0; p < partitions; p++) scheduleInput(world, p);
  const count = 1 + random.int(3);
  for (let i = 0; i < count; i++) time.after(random.int(100), start);
  for (let i = random.int(6); i > 0; i--)
    time.after(random.int(STORM_MS), () => faults.push(strike(world, members, start)));
  time.after(STORM_MS, () => {
    weather.loss = 0;
    weather.slow = 0;
  });

  const isComplete = await time.run(() => isDone(world), PATIENCE_MS);
  if (!isComplete) violations.push('not done in calm weather');
  else await time.run(() => false, time.now() + GRACE_MS);
  for (let p = 0; p < partitions; p++) violations.push(...wrongOutput(world, p));
  return { violation: violations[0], faults };
}

/** Half of a partition's records are there from the beginning. */
function scheduleInput({ random, time, broker }: World, partition: number): void {
  const records = 4 + random.int(10);
  for (let i = 0; i < records; i++)
    time.after(random.int(2) * random.int(STORM_MS), () => broker.append(partition));
}

function startScorer(world: World, id: string, bent: Bent, onFault: (what: string) => void): Member {
  const { random, time, weather, isPane, isSlow, isCursed } = world;
  const process = startProcess(time, random, weather);
  const openRole = (own: SimulatedProcess, _: number, offset: number): Role =>
    cursed(isPane ? paneRole(offset) : copyRole(own, random, weather, isSlow), isCursed);
  return startMember({ ...world, id, process, openRole, reject: isPane ? skip : mark, bent, onFault });
}

/** Does something bad to one of the scorers, the group or the broker. Returns what, and when. */
function strike(
  { random, time, broker, group }: World,
  members: readonly Member[],
  start: () => void,
): string {
  const living = members.filter((member) => !member.process.isDead());
  const member = living[random.int(living.length)];
  const kind = ['crash', 'stall', 'disturb', 'stop', 'restart'][random.int(5)]!;
  const restart = (): void => {
    member?.process.die();
    time.after(random.int(200), start);
  };
  if (kind === 'restart') broker.restart();
  else if (kind === 'disturb' || member === undefined) group.disturb();
  else if (kind === 'stall') member.process.stall(20 + random.int(400));
  else if (kind === 'crash') restart();
  else void member.stop().then(restart);
  return `${kind} at ${String(time.now())}`;
}

function isDone(world: World): boolean {
  const { time, broker, isPane } = world;
  if (time.now() < STORM_MS || !broker.isQuiet()) return false;
  return broker.input.every((offsets, p) =>
    isPane
      ? broker.visible(p).length >= expectedOutput(world, p).length
      : (broker.committed(p) ?? -1) > offsets.at(-1)!,
  );
}

/** The violation that a partition's output shows, if any. */
function wrongOutput(world: World, partition: number): string[] {
  const seen = world.broker.visible(partition);
  const expected = expectedOutput(world, partition);
  const wanted = world.movingStart ? expected.slice(-seen.length || Infinity) : expected;
  if (seen.join() === wanted.join()) return [];
  return [`partition ${String(partition)}: ${seen.join()} instead of ${wanted.join()}`];
}
