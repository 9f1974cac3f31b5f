/** The world of a seed, before anything happens in it. */
import { createRandom, type Random } from '../../schemas/random.ts';
import { createBroker, type SimulatedBroker } from './broker.ts';
import { createGroup, type SimulatedGroup } from './group.ts';
import type { Weather } from './process.ts';
import { panesOf } from './roles.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';

export interface World {
  readonly random: Random;
  readonly time: Scheduler;
  readonly partitions: number;
  readonly broker: SimulatedBroker;
  readonly group: SimulatedGroup;
  readonly weather: Weather;
  /** Scorers write one output for every few records. */
  readonly isPane: boolean;
  /** Without committed offsets, scorers begin at the end of a partition. */
  readonly movingStart: boolean;
  /** A batch takes longer than a session. */
  readonly isSlow: boolean;
  /** Some records make the role throw, whatever the weather. */
  isCursed(offset: number): boolean;
}

export function createWorld(seed: number): World {
  const random = createRandom(seed);
  const time = createScheduler();
  const partitions = 1 + random.int(3);
  const broker = createBroker(partitions, random, time);
  const group = createGroup(partitions, random, time);
  const weather: Weather = { loss: random.int(3) * 0.02, slow: random.int(3) * 0.05 };
  const isPane = random.int(4) === 0;
  const movingStart = !isPane && random.int(8) === 0;
  const isSlow = random.int(4) === 0;
  const isBuggy = createRandom(seed ^ 0x5eed).int(4) === 0; // of its own, so that other worlds stay as they are
  const isCursed = (offset: number): boolean => isBuggy && offset % 5 === 2;
  return { random, time, partitions, broker, group, weather, isPane, movingStart, isSlow, isCursed };
}

/** What a partition's output must hold in the end. */
export function expectedOutput({ broker, isPane, isCursed }: World, partition: number): string[] {
  const offsets = broker.input[partition]!;
  if (isPane) return panesOf(offsets.filter((offset) => !isCursed(offset)));
  return offsets.map((offset) => (isCursed(offset) ? `!${String(offset)}` : String(offset)));
}
