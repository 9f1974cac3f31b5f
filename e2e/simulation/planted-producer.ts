/** Bugs in what a transaction's requests are, and in which order they are sent. */
import type { Generation, TransactionalProducer, TransactionsPort } from '../../kafka/group/ports.ts';
import type { Bent } from './scorer-context.ts';

type Bend = (producer: TransactionalProducer, present: () => Generation | undefined) => TransactionalProducer;

/** Another producer under the shared writer. */
export const producers = (bend: Bend): Bent => ({
  kafka: (ports, present) => ({
    ...ports,
    transactions: {
      ...ports.transactions,
      open: async (id, scope) => bend(await ports.transactions.open(id, scope), present),
    },
  }),
});

/** The offsets in a transaction of their own, before that of the records. */
export function offsetsFirst(inner: TransactionalProducer): TransactionalProducer {
  let partitions: Parameters<typeof inner.addPartitions>[0] = [];
  let sends: (() => Promise<unknown>)[] = [];
  return {
    ...inner,
    addPartitions: (added) => {
      partitions = added;
      return Promise.resolve();
    },
    produce: (batches) => {
      sends.push(() => inner.produce(batches));
      return Promise.resolve(batches.map((batch) => ({ ...batch, baseOffset: 0, error: undefined })));
    },
    end: async (commits) => {
      const left = sends;
      sends = [];
      await inner.end(commits);
      if (!commits || left.length === 0) return;
      await inner.addPartitions(partitions);
      for (const send of left) await send();
      await inner.end(true);
    },
  };
}

/** Each wave of outputs is committed by itself. */
export function sentAtOnce(inner: TransactionalProducer): TransactionalProducer {
  let partitions: Parameters<typeof inner.addPartitions>[0] = [];
  return {
    ...inner,
    addPartitions: (added) => inner.addPartitions((partitions = added)),
    produce: async (batches) => {
      const results = await inner.produce(batches);
      await inner.end(true);
      await inner.addPartitions(partitions);
      return results;
    },
  };
}

/** What a broker refused is taken for written. */
export const refusalsOverlooked = (inner: TransactionalProducer): TransactionalProducer => ({
  ...inner,
  produce: async (batches) => {
    const results = await inner.produce(batches);
    return results.map((result) => ({ ...result, error: undefined }));
  },
});

/** After an error the same producer is used again, as if it were new. */
export function producersKept(): Bent {
  const kept = new Map<string, TransactionalProducer>();
  const keep =
    (ports: TransactionsPort): TransactionsPort['open'] =>
    async (id, scope) => {
      const producer = kept.get(id) ?? (await ports.open(id, scope));
      kept.set(id, producer);
      return { ...producer, isSound: () => true, close: () => Promise.resolve() };
    };
  return {
    kafka: (ports) => ({ ...ports, transactions: { ...ports.transactions, open: keep(ports.transactions) } }),
  };
}

/** What one partition cannot write is taken out of the transaction, but nothing is aborted: the round goes on in it. */
export function nothingAborted(): Bent {
  const kept = new Map<string, TransactionalProducer>();
  return {
    kafka: (ports) => ({
      ...ports,
      transactions: {
        ...ports.transactions,
        open: async (id, scope) => {
          const before = kept.get(id);
          kept.delete(id);
          const inner = before ?? (await ports.transactions.open(id, scope));
          let isKept = false;
          return {
            ...inner,
            end: async (commits) => {
              if (commits) return inner.end(true);
              isKept = true;
              kept.set(id, inner);
            },
            close: () => (isKept ? Promise.resolve() : inner.close()),
          };
        },
      },
    }),
  };
}
