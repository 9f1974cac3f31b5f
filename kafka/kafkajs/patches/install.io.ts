/** Puts our replacements into kafkajs 2.2.4 before it is loaded. What is replaced, why, and which test fails without it: kafka/kafkajs/README.md. */
import { createRequire } from 'node:module';
import { keepingRefusals } from './broker-pool.io.ts';
import { rememberCluster } from './cluster.io.ts';
import { soundConnection } from './connection.io.ts';
import { groupByPartition } from './group-by-partition.ts';
import { tryAgain } from './passing-errors.io.ts';
import { encodeRecord, type RecordFields } from './record-encoding.ts';
import { restingQueue } from './request-queue.io.ts';

const VERSION = '2.2.4';
const require = createRequire(import.meta.url);

if (require.cache[require.resolve('kafkajs')]?.loaded === true)
  throw new Error('kafkajs was loaded before its patches: import kafka/kafkajs/patches/install.io.ts first');
const { version } = require('kafkajs/package.json') as { version: string };
if (version !== VERSION)
  throw new Error(`kafkajs ${version}: the patches were made for ${VERSION}; look at them again`);

/** Puts what `make` makes of a module's exports in their place. */
function replace(path: string, make: (exports: never) => unknown): void {
  const file = require.resolve(`kafkajs/src/${path}`);
  const exports = make(require(file) as never);
  require.cache[file]!.exports = exports;
}

/** What the library's batch encoder reads of an encoded record. */
function record(fields: RecordFields): { buf: Buffer; buffer: Buffer } {
  const buffer = encodeRecord(fields);
  return { buf: buffer, buffer };
}

tryAgain(); // before what takes the error classes
replace('protocol/recordBatch/record/v0/index.js', () => record);
replace('producer/groupMessagesPerPartition.js', () => groupByPartition);
replace('network/requestQueue/index.js', restingQueue); // before the connection takes it
replace('network/connection.js', soundConnection);
replace('cluster/brokerPool.js', keepingRefusals);
replace('admin/index.js', rememberCluster);

/** The library, whole, with what was replaced. It is imported from here alone: nothing can load it before. */
export const kafkajs = require('kafkajs') as typeof import('kafkajs');
