/** Transactions as a process sees them, with all the care for markers that the real port has, or less. */
import type {
  Produced,
  ProduceBatch,
  TransactionalProducer,
  TransactionsPort,
} from '../../kafka/group/ports.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import type { Random } from '../../schemas/random.ts';
import type { SimulatedKafka } from './kafka.ts';
import type { SimulatedProcess } from './process.ts';
import { fence, openRenewed, placeOf, type Careless, type Line } from './renewal.ts';
import { OFFSETS, type User } from './transactions.ts';
import { isHeavy, valuesOf } from './values.ts';

/** Once one of its connections has broken, or it is closed, nothing is sent any more. */
interface OwnLine extends Line {
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
      const user = await openRenewed({ transactions, line, id, scope, careless });
      return producerOf(kafka, line, user, random);
    },
    fence: (id, scope) =>
      fence({ transactions, line: connect(kafka, process, careless), id, scope, careless }),
    openPlain: () => Promise.reject(new Error('not simulated')),
  };
}

function connect(kafka: SimulatedKafka, process: SimulatedProcess, careless: Careless): OwnLine {
  const incarnation = kafka.incarnation();
  const closing: (() => void)[] = [];
  let isClosed = false;
  const isSound = (): boolean => careless.trustsConnections === true || kafka.incarnation() === incarnation;
  return {
    isSound,
    sleep: process.sleep,
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

function producerOf(kafka: SimulatedKafka, line: OwnLine, user: User, random: Random): TransactionalProducer {
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
