/** The library's pool of brokers (`cluster/brokerPool.js`), which must not swallow refusals. */

interface BrokerPool {
  withBroker<T>(callback: (on: object) => Promise<T>): Promise<T | null>;
}
type BrokerPoolClass = new (...options: never[]) => BrokerPool;

const isRefusal = (error: unknown): boolean =>
  String((error as { type?: unknown } | null)?.type).endsWith('_AUTHORIZATION_FAILED');

/**
 * The library asks one broker after the other and forgets why each of them failed: a missing right to a group or a transactional id
 * becomes “failed to find group coordinator”, which is tried again for ever. Here the refusal is thrown.
 */
export function keepingRefusals(Base: BrokerPoolClass): BrokerPoolClass {
  return class extends Base {
    override async withBroker<T>(callback: (on: object) => Promise<T>): Promise<T | null> {
      let refusal: unknown;
      const found = await super.withBroker(async (on) => {
        try {
          return await callback(on);
        } catch (error) {
          if (isRefusal(error)) refusal = error;
          throw error;
        }
      });
      if (found === null && refusal !== undefined) throw refusal as Error;
      return found;
    }
  };
}
