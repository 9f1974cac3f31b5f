/** A sidecar in a process of its own, whose memory and standstill can be measured: it prints its port, then both when asked to end. */
import { createMetrics } from './metrics.io.ts';
import { startSidecar } from './sidecar.io.ts';
import { combineHealth } from './workers.ts';

const metrics = createMetrics();
// As many series as a scorer of many partitions shows.
for (let partition = 0; partition < 200; partition++) {
  metrics.lagRecords.set({ topic: 'customer-events', partition }, partition);
  metrics.lagSeconds.set({ topic: 'customer-events', partition }, partition);
}
const health = () =>
  combineHealth([], { configured: 1, stopping: false, uptimeSeconds: 1, nowMs: Date.now() });
const sidecar = await startSidecar({ host: '127.0.0.1', port: 0, metrics, health });

let [peakBytes, standstillMs, last] = [0, 0, Date.now()];
process.stdin.on('end', () => process.exit()).resume();
process.stdout.write(`${JSON.stringify({ port: sidecar.port, rssBytes: process.memoryUsage.rss() })}\n`);
setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  standstillMs = Math.max(standstillMs, Date.now() - last - 10);
  last = Date.now();
  process.stdout.write(`${JSON.stringify({ peakBytes, standstillMs })}\n`);
}, 10);
