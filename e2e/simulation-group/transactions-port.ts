/** Transactions as a process sees them, with all the care for markers that the real port has, or less. */
import type {
  MarkerScope,
  Produced,
  ProduceBatch,
  TopicPartition,
  TransactionalProducer,
  TransactionsPort,
} from '../../kafka/group/ports.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import type { Random } from '../../schemas/random.ts';
import type { SimulatedKafka } from './kafka.ts';
import type { Effect, SimulatedProcess } from './process.ts';
import { OFFSETS, type User } from './transactions.ts';
import { isHeavy, valuesOf } from './values.ts';

/** How much of the care for markers is left out. */
export interface Careless {
  /** When a writer that is gone is fenced. */
  readonly renewsNotInFence?: boolean;
  /** When a writer is opened. */
  readonly renewsNotInOpen?: boolean;
  /** What became of a renewal that was interrupted. */
  readonly forgetsRenewals?: boolean;
  /** Whoever fences next is not told of the decision. */
  readonly forgetsDecision?: boolean;
  readonly trustsConnections?: boolean;
}

export const placeOf = ({ topic, partition }: TopicPartition): string => `${topic}/${String(partition)}`;

type Call = <T>(effect: Effect<T>) => Promise<T>;

/** Over connections that are never made anew: once one has broken, or it is closed, nothing is sent any more. */
interface Line {
  readonly call: Call;
  isSound(): boolean;
  close(): void;
}

export function createTransactionsPort(
  kafka: SimulatedKafka,
  process: SimulatedProcess,
  random: Random,
  careless: Careless,
): TransactionsPort {
  const { transactions } = kafka;
  return {
    open: async (id, scope) => {
      const line = connect(kafka, process, careless);
      if (careless.renewsNotInOpen !== true) await renewMarkers(kafka, line.call, id, scope, careless);
      const user = await line.call(() => transactions.initProducer(id, false));
      return producerOf(kafka, line, user, random);
    },
    fence: async (id, scope) => {
      const { call } = connect(kafka, process, careless);
      const known = await call(() => [transactions.describe(id)] as const);
      if (known[0] === undefined) return;
      const commits =
        careless.renewsNotInFence !== true && (await renewMarkers(kafka, call, id, scope, careless));
      await call(() => transactions.initProducer(id, commits && careless.forgetsDecision !== true));
    },
    openPlain: () => Promise.reject(new Error('not simulated')),
  };
}

function connect(kafka: SimulatedKafka, process: SimulatedProcess, careless: Careless): Line {
  const incarnation = kafka.incarnation();
  const closing: (() => void)[] = [];
  let isClosed = false;
  const isSound = (): boolean => careless.trustsConnections === true || kafka.incarnation() === incarnation;
  return {
    isSound,
    call: (effect) =>
      new Promise((resolve, reject) => {
        closing.push(() => reject(new BankChurnError('TRANSACTION_FAILED', 'the producer is closed')));
        process
          .call(effect, { hangs: true, isConnected: () => !isClosed && isSound() })
          .then(resolve, reject);
      }),
    close: () => {
      isClosed = true;
      closing.forEach((end) => end());
    },
  };
}

/** As the real one. @returns whether the last transaction was committed. */
async function renewMarkers(
  { transactions }: SimulatedKafka,
  call: Call,
  id: string,
  { outputs, withOffsets }: MarkerScope,
  careless: Careless,
): Promise<boolean> {
  const renewal = await begunRenewal(transactions, call, id, careless);
  if (renewal === undefined) return false;
  const { user, commits } = renewal;
  const places = [...outputs.map(placeOf), ...(withOffsets ? [OFFSETS] : [])];
  if (places.length === 0) return commits;
  await call(() => transactions.add(user, places));
  await call(() => transactions.end(user, commits));
  return commits;
}

async function begunRenewal(
  transactions: SimulatedKafka['transactions'],
  call: Call,
  id: string,
  careless: Careless,
): Promise<{ user: User; commits: boolean } | undefined> {
  for (;;) {
    const last = await call(() => transactions.describe(id));
    if (last === undefined) return undefined;
    const commits =
      last.state === 'commit' ||
      (last.isRenewal && last.state !== 'abort' && careless.forgetsRenewals !== true);
    const { producerId, epoch } = last;
    if (commits && last.state === 'open') return { commits, user: { id, producerId, epoch } };
    const [user] = await call(() => [transactions.initProducer(id, commits)] as const);
    if (typeof user !== 'symbol') return { commits, user };
  }
}

function producerOf(kafka: SimulatedKafka, line: Line, user: User, random: Random): TransactionalProducer {
  const { transactions, outputs, offsets, group } = kafka;
  const { call } = line;
  const sequences = new Map<string, number>();

  /** One request; its answer may be lost once, and then it is sent again, under the same sequence. */
  async function request(batches: readonly ProduceBatch[]): Promise<Produced[]> {
    const numbered = batches.map((batch) => {
      const place = placeOf(batch);
      const sequence = sequences.get(place) ?? 0;
      sequences.set(place, sequence + batch.records.count);
      return { batch, place, sequence };
    });
    const send = (): Promise<Produced[]> =>
      call(() =>
        numbered.map(({ batch: { topic, partition, records }, place, sequence }): Produced => {
          const values = valuesOf(records);
          transactions.verify(user, place);
          const error = values.some(isHeavy)
            ? new BankChurnError('OUTPUT_TOO_LARGE', 'MESSAGE_TOO_LARGE')
            : undefined;
          if (error !== undefined) return { topic, partition, baseOffset: -1, error };
          return { topic, partition, baseOffset: outputs.append(place, user, sequence, values), error };
        }),
      );
    return send().catch((error: unknown) => {
      if (!/lost/.test(String(error)) || random.int(2) === 0) throw error;
      return send();
    });
  }

  return {
    isSound: line.isSound,
    addPartitions: async (partitions) => {
      await call(() => transactions.add(user, partitions.map(placeOf)));
    },
    produce: async (batches) => {
      // Two leaders.
      const halves = [0, 1].map((leader) => batches.filter(({ partition }) => partition % 2 === leader));
      const answers = await Promise.all(halves.filter(({ length }) => length > 0).map(request));
      const results = new Map(answers.flat().map((result) => [placeOf(result), result]));
      return batches.map((batch) => results.get(placeOf(batch))!);
    },
    commitOffsets: async (of, commits) => {
      await call(() => transactions.add(user, [OFFSETS]));
      await call(() => {
        group.admit(of, true);
        transactions.verify(user, OFFSETS);
        offsets.pend(user.producerId, commits);
      });
    },
    end: async (commits) => {
      await call(() => transactions.end(user, commits));
    },
    close: () => {
      line.close();
      return Promise.resolve();
    },
  };
}
