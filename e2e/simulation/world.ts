/** The world of a seed, before anything happens in it. */
import { createRandom, type Random } from '../../schemas/random.ts';
import { createKafka, type SimulatedKafka } from './kafka.ts';
import { panesOf } from './roles.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import type { Say } from './told.ts';
import type { Weather } from './weather.ts';

export interface World {
  readonly random: Random;
  readonly time: Scheduler;
  readonly partitions: number;
  readonly kafka: SimulatedKafka;
  readonly weather: Weather;
  /** Scorers write one output for every few records. */
  readonly isPane: boolean;
  /** Without committed offsets, scorers begin at the end of a partition. */
  readonly movingStart: boolean;
  /** Records come from a client that hands them on twice, and late. */
  readonly isCarelessClient: boolean;
  /** A batch takes longer than a session. */
  readonly isSlow: boolean;
  /** Some records make the role throw, whatever the weather. */
  isCursed(offset: number): boolean;
  /** Outputs of some records are too large for the broker. */
  isHeavy(offset: number): boolean;
}

/** Of a transaction, virtual milliseconds: so long that nothing may depend on it, or so short that it ends many. */
const TIMEOUT_MS = [100_000, 100_000, 400] as const;

export function createWorld(seed: number, say?: Say): World {
  const random = createRandom(seed);
  const time = createScheduler();
  const partitions = 1 + random.int(4);
  const weather: Weather = { loss: random.int(3) * 0.02, slow: random.int(3) * 0.08 };
  const kafka = createKafka(partitions, TIMEOUT_MS[random.int(3)]!, { random, time, weather, say });
  const isPane = random.int(4) === 0;
  const movingStart = !isPane && random.int(8) === 0;
  const isSlow = random.int(4) === 0;
  const isBuggy = random.int(5) === 0;
  const isLarge = !isPane && random.int(5) === 0;
  const isCarelessClient = random.int(2) === 0;
  const isCursed = (offset: number): boolean => isBuggy && offset % 5 === 2;
  const isHeavy = (offset: number): boolean => isLarge && offset % 7 === 3;
  return {
    ...{ random, time, partitions, kafka, weather },
    isPane,
    movingStart,
    isSlow,
    isCarelessClient,
    isCursed,
    isHeavy,
  };
}

/** What a partition's output must hold in the end. */
export function expectedOutput({ kafka, isPane, isCursed, isHeavy }: World, partition: number): string[] {
  const offsets = kafka.input[partition]!;
  if (isPane) return panesOf(offsets.filter((offset) => !isCursed(offset)));
  const isRejected = (offset: number): boolean => isCursed(offset) || isHeavy(offset);
  return offsets.map((offset) => (isRejected(offset) ? `!${String(offset)}` : String(offset)));
}
