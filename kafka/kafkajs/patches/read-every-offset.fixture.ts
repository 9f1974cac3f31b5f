/**
 * Reads partition 0 of a topic again and again, from each offset up to a last committed record, with kafkajs as it is or with our
 * patches: `read-every-offset.ts BROKERS TOPIC LAST plain|patched`. Prints a JSON line for each start.
 */
import type { Consumer, KafkaMessage } from 'kafkajs';

const [brokers = '', topic = '', last = '0', how = 'patched'] = process.argv.slice(2);
if (how === 'patched') await import('./install.io.ts'); // before the library
const { default: kafkajs } = await import('kafkajs');

const kafka = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING });
const groupId = `every-offset-${how}-${String(process.pid)}`;
const consumer: Consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, readUncommitted: false });
let found: KafkaMessage[] = [];
let isWhole: () => void = () => undefined;

await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatch: ({ batch, isStale }) => {
    if (isStale()) return Promise.resolve();
    found.push(...batch.messages);
    if (batch.messages.some(({ offset }) => offset === last)) isWhole();
    return Promise.resolve();
  },
});
for (let start = 0; start <= Number(last); start++) {
  const whole = new Promise<void>((resolve) => (isWhole = resolve));
  found = [];
  consumer.seek({ topic, partition: 0, offset: String(start) });
  await whole;
  // What a fetch from before the seek brought is not of this reading.
  const records = found
    .filter(({ offset }) => Number(offset) >= start)
    .map(({ offset, value }) => [Number(offset), String(value)]);
  process.stdout.write(`${JSON.stringify({ start, records })}\n`);
}
await consumer.disconnect();
process.exit(0);
