/** What a fetcher promises, whatever happens around it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KafkaError } from '../errors.ts';
import { setUpFetcher, type Handed } from './fetcher.fixture.ts';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('whatever happens in between: each partition from where it was to go on, nothing left out, one delivery at a time', async () => {
  const action = fc.record({
    afterMs: fc.oneof(fc.nat(5), fc.nat(120)),
    partition: fc.nat(2),
    what: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('append', 'seek', 'pause', 'resume') },
      { weight: 1, arbitrary: fc.constantFrom('marker', 'move', 'down', 'up', 'assign', 'halt') },
    ),
  });
  const fate = fc.record({ readMs: fc.constantFrom(0, 0, 3), takesMs: fc.nat(60), share: fc.constantFrom(0, 0.5, 1, 1, 1), rejects: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 80 }), fc.array(fate, { minLength: 5, maxLength: 20 }), async (actions, fates) => {
      const world = setUpFetcher(3, 2, { partitionBytes: 700, totalBytes: 3000, concurrent: 3 });
      const { topic, fetcher, behaviour, all, assign, begin, pass, until, said, lost } = world;
      /** Where each partition has to go on; undefined: it may not be delivered now. */
      const next = new Map<number, number>();
      const paused = new Set<number>(all);
      const busy = new Set<number>();
      const errors: string[] = [];
      let turn = 0;
      const seeks = new Map<number, number>();
      let [deliveries, reads] = [0, 0];
      behaviour.readMs = () => fates[reads++ % fates.length]!.readMs;
      behaviour.take = ({ partition, records, delivery, done }: Handed) => {
        const { takesMs, share, rejects } = fates[deliveries++ % fates.length]!;
        const mine = turn;
        const expected = topic.logs[partition]!.findIndex((value, offset) => value >= 0 && offset >= next.get(partition)!);
        const list = [...records].map(({ offset }) => offset);
        const readable = range(expected, list.at(-1)! + 1).filter((offset) => topic.logs[partition]![offset]! >= 0);
        if (paused.has(partition)) errors.push(`${String(partition)} is paused`);
        if (busy.has(partition)) errors.push(`${String(partition)} is in hand already`);
        if (list.join() !== readable.join()) errors.push(`${String(partition)}: ${list.join()}, not ${readable.join()}`);
        busy.add(partition);
        const before = seeks.get(partition);
        world.time.after(takesMs, () => {
          const last = list[Math.ceil(list.length * share) - 1];
          if (last !== undefined) {
            delivery.resolve(last);
            if (mine === turn && before === seeks.get(partition)) next.set(partition, last + 1);
          }
          if (mine === turn) busy.delete(partition);
          done(rejects && share < 1 ? new KafkaError('transient', 'no heartbeat') : undefined);
        });
      };
      const assignAnew = (): void => {
        turn += 1;
        busy.clear();
        all.forEach((p) => paused.add(p));
        assign();
      };
      const start = (p: number): void => {
        next.set(p, next.get(p) ?? 0);
        paused.delete(p);
        begin(p, next.get(p));
      };
      assignAnew();
      all.forEach(start);
      const act: Record<string, (p: number, n: number) => void> = {
        append: (p, n) => topic.append(p, ...range(0, 1 + (n % 30))),
        marker: (p) => topic.append(p, -1),
        pause: (p) => {
          paused.add(p);
          fetcher.pause([p]);
        },
        resume: (p) => {
          paused.delete(p);
          fetcher.resume(p);
        },
        seek: (p) => {
          seeks.set(p, (seeks.get(p) ?? 0) + 1);
          next.set(p, Math.floor(next.get(p)! / 2));
          fetcher.seek(p, next.get(p)!);
        },
        move: (p) => (topic.leaders[p] = topic.leaders[p] === '0' ? '1' : '0'),
        down: (p) => topic.down.add(String(p % 2)),
        up: () => topic.down.clear(),
        assign: () => {
          assignAnew();
          all.forEach(start);
        },
        halt: () => {
          turn += 1;
          busy.clear();
          all.forEach((p) => paused.add(p));
          fetcher.halt();
        },
      };
      for (const { afterMs, partition, what } of actions) {
        await pass(afterMs);
        act[what]!(partition, afterMs);
      }
      topic.down.clear();
      fates.splice(0, fates.length, { readMs: 0, takesMs: 1, share: 1, rejects: false });
      assignAnew();
      all.forEach(start);
      await until(() => all.every((p) => !topic.logs[p]!.some((value, offset) => value >= 0 && offset >= next.get(p)!)));
      expect([errors, said, lost]).toEqual([[], [], []]);
    }),
    { numRuns: 300, endOnFailure: true },
  );
}); // prettier-ignore
