import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import './install.io.ts';

const require = createRequire(import.meta.url);

test('no broker that answers where the coordinator is: tried again, not the end of the consumer', async () => {
  const Cluster = require('kafkajs/src/cluster') as {
    prototype: { findGroupCoordinatorMetadata(this: object, of: object): Promise<unknown> };
  };
  const cluster = { brokerPool: { withBroker: () => Promise.resolve(undefined) } };
  const found = Cluster.prototype.findGroupCoordinatorMetadata.call(cluster, { groupId: 'g' });
  await expect(found).rejects.toMatchObject({ name: 'KafkaJSGroupCoordinatorNotFound', retriable: true });
});

test('a lock that others held for too long: tried again', async () => {
  const Lock = require('kafkajs/src/utils/lock') as new (options: object) => {
    acquire(): Promise<void>;
    release(): Promise<void>;
  };
  const lock = new Lock({ timeout: 10 });
  await lock.acquire();
  await expect(lock.acquire()).rejects.toMatchObject({ name: 'KafkaJSLockTimeout', retriable: true });
  await lock.release();
});
