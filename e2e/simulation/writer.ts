/** A writer of the simulated broker, with all the care for markers that the real one has, or less. */
import { listOf } from '../../schemas/record-frames.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import type { Writer } from '../../schemas/ports.ts';
import type { SimulatedBroker } from './broker.ts';
import type { MemberContext } from './member-context.ts';
import type { SimulatedProcess } from './process.ts';
import type { AGAIN } from './transactions.ts';

/** How much of a writer's care for markers is left out. */
export interface Careless {
  readonly renewsNot?: boolean;
  readonly forgetsRenewals?: boolean;
  readonly trustsConnections?: boolean;
}

/** A writer as `openFencedWriter` makes it. */
export async function openWriter(
  { broker, process }: Pick<MemberContext, 'broker' | 'process'>,
  id: string,
  careless: Careless = {},
): Promise<Writer> {
  const restarts = broker.restarts();
  const isSound = (): boolean => careless.trustsConnections === true || broker.restarts() === restarts;
  /** On the connections of this writer: once they have broken nothing is sent any more. */
  const call = <T>(effect: () => T | typeof AGAIN, hangs?: boolean): Promise<T> =>
    process.call(() => {
      if (!isSound()) throw new BankChurnError('BROKER_UNAVAILABLE', 'a connection broke');
      return effect();
    }, hangs);
  if (careless.renewsNot !== true) await renewMarkers(broker, id, call, careless);
  const epoch = await call(() => broker.initProducer(id), true);
  return {
    claim: async (offset) => {
      const partition = Number(id.split('-').at(-1));
      await call(() => broker.sendOffsets(id, epoch, partition, offset), true);
      await call(() => broker.endTransaction(id, epoch, true), true);
    },
    begin: () =>
      Promise.resolve({
        send: ({ partition, records }) => {
          const values = listOf(records).map(({ value }) => String(value));
          return call(() => broker.send(id, epoch, partition, values)).then(() => 0);
        },
        sendOffsets: (_, partition, next) => call(() => broker.sendOffsets(id, epoch, partition, next), true),
        commit: () => call(() => broker.endTransaction(id, epoch, true), true),
        abort: () => call(() => broker.endTransaction(id, epoch, false)),
      }),
    isSound,
    close: () => Promise.resolve(),
  };
}

/** As the real one. */
async function renewMarkers(
  broker: SimulatedBroker,
  id: string,
  call: SimulatedProcess['call'],
  careless: Careless,
) {
  const renewal = await begunRenewal(broker, id, call, careless);
  if (renewal === undefined) return;
  const { epoch, commits } = renewal;
  await call(() => broker.touch(id, epoch), true);
  await call(() => broker.endTransaction(id, epoch, commits), true);
}

async function begunRenewal(
  broker: SimulatedBroker,
  id: string,
  call: SimulatedProcess['call'],
  careless: Careless,
) {
  for (;;) {
    const last = await call(() => broker.describe(id), true);
    if (last === undefined) return undefined;
    const commits =
      last.state === 'commit' ||
      (last.isRenewal && last.state !== 'abort' && careless.forgetsRenewals !== true);
    if (commits && last.state === 'open') return { commits, epoch: last.epoch };
    const [epoch] = await call(() => [broker.initProducer(id, commits)] as const, true);
    if (typeof epoch === 'number') return { commits, epoch };
  }
}
