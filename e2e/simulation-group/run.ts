/** One run of a seed: a few scorers, errors at any time, then calm; and whether the law held. */
import type { Role } from '../../schemas/ports.ts';
import type { Bent } from './scorer-context.ts';
import { startScorer, type Scorer } from './scorer.ts';
import { startProcess, type SimulatedProcess } from './process.ts';
import { copyRole, cursed, mark, paneRole, skip } from './roles.ts';
import { createWorld, expectedOutput, type World } from './world.ts';

/** What went wrong, or undefined. `strikes`: what was done to the scorers, in words. */
export interface Outcome {
  readonly violation: string | undefined;
  readonly strikes: readonly string[];
}

/** Errors happen until then, virtual milliseconds. */
const STORM_MS = 500;
/** In calm weather everything must have been done by then. */
const PATIENCE_MS = 20_000;
/** A zombie would have written by then. */
const GRACE_MS = 600;

/** Runs the loop through the world of a seed. @param say hears the story. */
export async function simulate(
  seed: number,
  bent: Bent = {},
  say?: (line: string) => void,
): Promise<Outcome> {
  const world = createWorld(seed, say);
  const { random, time, weather, partitions } = world;
  const strikes: string[] = [];
  const violations: string[] = [];
  const members: Scorer[] = [];
  const start = (): void => {
    const id = `w${String(members.length)}`;
    members.push(addScorer(world, id, bent, (what) => violations.push(what), say));
  };

  for (let p = 0; p < partitions; p++) scheduleInput(world, p);
  const count = 1 + random.int(3);
  for (let i = 0; i < count; i++) time.after(random.int(100), start);
  for (let i = random.int(7); i > 0; i--)
    time.after(random.int(STORM_MS), () => strikes.push(strike(world, members, start, say)));
  time.after(STORM_MS, () => {
    weather.loss = 0;
    weather.slow = 0;
  });

  const isComplete = await time.run(() => isDone(world), PATIENCE_MS);
  if (say !== undefined) tellEnd(world, say);
  if (!isComplete) violations.push('not done in calm weather');
  else await time.run(() => false, time.now() + GRACE_MS);
  for (let p = 0; p < partitions; p++) violations.push(...wrongOutput(world, p), ...wrongCounts(world, p));
  return { violation: violations[0], strikes };
}

/** Half of a partition's records are there from the beginning. */
function scheduleInput({ random, time, kafka }: World, partition: number): void {
  const records = 4 + random.int(10);
  for (let i = 0; i < records; i++)
    time.after(random.int(2) * random.int(STORM_MS), () => kafka.append(partition));
}

function addScorer(
  world: World,
  id: string,
  bent: Bent,
  onViolation: (what: string) => void,
  say?: (line: string) => void,
): Scorer {
  const { random, time, weather, isPane, isCursed, kafka } = world;
  const process = startProcess({ time, random, weather, incarnation: kafka.incarnation });
  const openRole = (own: SimulatedProcess, _: number, offset: number): Role =>
    cursed(isPane ? paneRole(offset) : copyRole(own, world), isCursed);
  const reject = isPane ? skip : mark;
  const tell = (what: string): void => say?.(`${String(time.now())} ${id} ${what}`);
  return startScorer({ ...world, id, process, openRole, reject, bent, onViolation, say: tell });
}

/** An outage: the broker is started again, and a scorer dies with it. */
const STRIKES = ['crash', 'stall', 'disturb', 'disturb', 'stop', 'restart', 'outage'] as const;

/** Does something bad to one of the scorers, the group or the broker. Returns what, and when. */
function strike(
  { random, time, kafka }: World,
  members: readonly Scorer[],
  start: () => void,
  say?: (line: string) => void,
): string {
  const living = members.filter((member) => !member.process.isDead());
  const member = living[random.int(living.length)];
  const kind = STRIKES[random.int(STRIKES.length)]!;
  const restart = (): void => {
    member?.process.die();
    time.after(random.int(200), start);
  };
  const text = `${kind} at ${String(time.now())}`;
  say?.(`${text}: w${String(member === undefined ? '' : members.indexOf(member))}`);
  if (kind === 'restart' || kind === 'outage') kafka.restart();
  if (kind === 'outage') time.after(random.int(60), restart);
  if (kind === 'restart' || kind === 'outage') return text;
  if (kind === 'disturb' || member === undefined) kafka.group.disturb();
  else if (kind === 'stall') member.process.stall(20 + random.int(400));
  else if (kind === 'crash') restart();
  else void member.stop().then(restart);
  return text;
}

/** How things stand. */
function tellEnd(world: World, say: (line: string) => void): void {
  const { kafka, partitions, time } = world;
  say(`end at ${String(time.now())}, transactions: ${kafka.transactions.current().join('; ')}`);
  for (let p = 0; p < partitions; p++)
    say(
      `${String(p)}: committed ${JSON.stringify([kafka.offsets.read(p, false), kafka.offsets.read(p, true)])}, ` +
        `input ${kafka.input[p]!.join()}, visible ${visibleOf(world, p).join()}`,
    );
}

const visibleOf = ({ kafka }: World, partition: number): string[] =>
  kafka.outputs.visible(`out/${String(partition)}`);

function isDone(world: World): boolean {
  const { time, kafka, isPane, movingStart } = world;
  if (time.now() < STORM_MS) return false;
  return kafka.input.every((offsets, p) => {
    const found = kafka.offsets.read(p, true);
    const last = offsets.at(-1)!;
    if (!isPane && (found === 'unstable' || (found.offset ?? -1) <= last)) return false;
    return movingStart || visibleOf(world, p).length >= expectedOutput(world, p).length;
  });
}

/** The violation that a partition's output shows, if any. */
function wrongOutput(world: World, partition: number): string[] {
  const seen = visibleOf(world, partition);
  const expected = expectedOutput(world, partition);
  const wanted = world.movingStart ? expected.slice(-seen.length || Infinity) : expected;
  if (seen.join() === wanted.join()) return [];
  return [`partition ${String(partition)}: ${seen.join()} instead of ${wanted.join()}`];
}

/** Counts of all partitions go to one place, in the transaction of what they count. */
function wrongCounts(world: World, partition: number): string[] {
  if (world.isPane) return [];
  const own = `${String(partition)}:`;
  const counted = world.kafka.outputs
    .visible('counts/0')
    .filter((value) => value.startsWith(own))
    .flatMap((value) => value.slice(own.length).split('+'));
  const copied = visibleOf(world, partition).filter((value) => !value.startsWith('!'));
  return counted.join() === copied.join() ? [] : [`partition ${String(partition)} counts ${counted.join()}`];
}
