/** One run of a seed: a few scorers, errors at any time, then calm; and whether the law held. */
import type { Role } from '../../schemas/ports.ts';
import type { Bent } from './scorer-context.ts';
import { idOf } from './consumer.ts';
import { startScorer, type Scorer } from './scorer.ts';
import { startProcess, type SimulatedProcess } from './process.ts';
import { copyRole, cursed, mark, paneRole, skip } from './roles.ts';
import { createWorld, expectedOutput, type World } from './world.ts';

/** What went wrong, or undefined. `strikes`: what was done to the scorers, in words. */
export interface Outcome {
  readonly violation: string | undefined;
  readonly strikes: readonly string[];
}

/** Of a violation by which nothing is wrong, but not all is done. */
export const NOT_DONE = 'not done';

/** Errors happen until then, virtual milliseconds. */
const STORM_MS = 500;
/** In calm weather everything must have been done by then. */
const PATIENCE_MS = 40_000;
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
  const scorers: Scorer[] = [];
  const start = (): void => {
    const id = `w${String(scorers.length)}`;
    scorers.push(addScorer(world, id, bent, (what) => violations.push(what), say));
  };

  for (let p = 0; p < partitions; p++) scheduleInput(world, p);
  const count = 1 + random.int(3);
  for (let i = 0; i < count; i++) time.after(random.int(100), start);
  for (let i = random.int(7); i > 0; i--)
    time.after(random.int(STORM_MS), () => strikes.push(strike(world, scorers, start, say)));
  time.after(STORM_MS, () => {
    weather.loss = 0;
    weather.slow = 0;
  });

  const isComplete = await time.run(() => isDone(world), PATIENCE_MS);
  if (isComplete) await time.run(() => false, time.now() + GRACE_MS);
  if (say !== undefined) tellEnd(world, say);
  for (let p = 0; p < partitions; p++)
    violations.push(...wrongOutput(world, p, isComplete), ...wrongCounts(world, p));
  if (violations.length === 0 && !isDone(world)) violations.push(`${NOT_DONE} in calm weather`);
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

/**
 * An outage: the broker is started again, and a scorer dies with it. A move: the broker is started again, a scorer joins, so that the
 * others give up partitions, and one of them dies a little later.
 */
const STRIKES = ['crash', 'stall', 'disturb', 'disturb', 'stop', 'restart', 'outage', 'move'] as const;

/** Does something bad to one of the scorers, the group or the broker. Returns what, and when. */
function strike(
  world: World,
  scorers: readonly Scorer[],
  start: () => void,
  say?: (line: string) => void,
): string {
  const { random, time, kafka } = world;
  const living = scorers.filter((scorer) => !scorer.process.isDead());
  const scorer = living[random.int(living.length)];
  const kind = STRIKES[random.int(STRIKES.length)]!;
  const replace = (it: Scorer | undefined): void => {
    it?.process.die();
    time.after(random.int(200), start);
  };
  const text = `${kind} at ${String(time.now())}`;
  say?.(`${text}: w${String(scorer === undefined ? '' : scorers.indexOf(scorer))}`);
  if (kind === 'restart' || kind === 'outage' || kind === 'move') {
    whenDeciding(world, (id) => {
      kafka.restart();
      const owner = scorers.find((scorer) => scorer.id === id) ?? scorer;
      if (kind === 'outage') time.after(random.int(60), () => replace(owner));
      if (kind === 'move') move(world, owner, start);
    });
    return text;
  }
  if (kind === 'disturb' || scorer === undefined) kafka.group.disturb();
  else if (kind === 'stall') scorer.process.stall(20 + random.int(600));
  else if (kind === 'crash') replace(scorer);
  else void scorer.stop().then(() => replace(scorer));
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

/** At a moment when markers can be lost, if there is one soon; with the name of the scorer whose they are. */
function whenDeciding(world: World, act: (id: string | undefined) => void, triesLeft = 60): void {
  const id = world.kafka.transactions.deciding()?.replace(idOf(''), '');
  if (triesLeft === 0 || id !== undefined) act(id);
  else world.time.after(2, () => whenDeciding(world, act, triesLeft - 1));
}

/** A scorer joins, the others give up partitions to it, and one of these dies as soon as it has. */
function move({ time, random, kafka }: World, owner: Scorer | undefined, start: () => void): void {
  const before = kafka.group.generation();
  const dies = random.int(40);
  const look = (triesLeft: number): void => {
    if (triesLeft === 0 || kafka.group.generation() > before) time.after(dies, () => owner?.process.die());
    else time.after(2, () => look(triesLeft - 1));
  };
  owner?.process.stall(random.int(100));
  time.after(random.int(20), start);
  look(250);
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
    if (!isPane && countsOf(world, p).length < copiedOf(world, p).length) return false;
    return movingStart || visibleOf(world, p).length >= expectedOutput(world, p).length;
  });
}

/** The violation that a partition's output shows, if any: what is there must be right, whether or not it is all. */
function wrongOutput(world: World, partition: number, isComplete: boolean): string[] {
  const seen = visibleOf(world, partition);
  const expected = expectedOutput(world, partition);
  const begun = isComplete ? expected.length - seen.length : expected.indexOf(seen[0] ?? '');
  const from = world.movingStart && seen.length > 0 ? begun : 0;
  const wanted = expected.slice(from, from + seen.length);
  if (from >= 0 && seen.join() === wanted.join()) return [];
  return [`partition ${String(partition)}: ${seen.join()} instead of ${wanted.join()}`];
}

/** Counts of all partitions go to one place, in the transaction of what they count. */
function wrongCounts(world: World, partition: number): string[] {
  if (world.isPane) return [];
  const counted = countsOf(world, partition);
  const copied = copiedOf(world, partition);
  const common = Math.min(counted.length, copied.length); // of the two places one may be further
  if (counted.slice(0, common).join() === copied.slice(0, common).join()) return [];
  return [`partition ${String(partition)} counts ${counted.join()} instead of ${copied.join()}`];
}

function countsOf({ kafka }: World, partition: number): string[] {
  const own = `${String(partition)}:`;
  return kafka.outputs
    .visible('counts/0')
    .filter((value) => value.startsWith(own))
    .flatMap((value) => value.slice(own.length).split('+'));
}

const copiedOf = (world: World, partition: number): string[] =>
  visibleOf(world, partition).filter((value) => !value.startsWith('!'));
