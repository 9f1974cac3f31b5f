import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { collect, events, produceRaw, settled } from '../world.ts';
import { buildFailingService } from './build.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { startScorer, type Scorer } from './fleet.ts';

const DRAINS = 50;
const PLACES = 2;
const PART = 500;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster(() => undefined);
}, 120_000);
afterAll(() => cluster.close());

/** Takes part in the group. */
async function ready(scorer: Scorer): Promise<void> {
  const port = await scorer.port;
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/health/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(50);
  }
  throw new Error(`not ready: ${scorer.tail()}`);
}

test(
  `SIGTERM × ${String(DRAINS)} under load: exit 0 in its budget each time, everything once`,
  { timeout: 600_000 },
  async () => {
    const world = { context: cluster.direct };
    const program = buildFailingService();
    const out = await collect(world);
    let isOver = false;
    let sent = 0;
    const producing = (async () => {
      for (let part = 0; !isOver; part++) {
        const all = events(PART, 1000 + part);
        await produceRaw(
          world,
          all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
        );
        sent += PART;
        await sleep(500);
      }
    })();
    const codes: (number | null)[] = [];
    const longest: number[] = [];
    const drain = async (): Promise<void> => {
      while (codes.length < DRAINS) {
        const scorer = startScorer(program, cluster.env);
        await ready(scorer);
        const begun = Date.now();
        scorer.kill('SIGTERM');
        codes.push((await scorer.exited).code);
        longest.push(Date.now() - begun);
      }
    };
    await Promise.all(Array.from({ length: PLACES }, drain));
    isOver = true;
    await producing;
    const last = startScorer(program, cluster.env);
    onTestFinished(() => last.kill('SIGKILL'));
    await settled(() => out.scores.length >= sent, 'all scores', 120_000, 3000);
    expect(codes.filter((code) => code !== 0)).toEqual([]);
    expect(Math.max(...longest)).toBeLessThan(world.context.config.limits.stopBudgetMs);
    const ids = out.scores.map(({ headers }) => String(headers['ce_id']));
    expect([ids.length, new Set(ids).size]).toEqual([sent, sent]);
  },
);

test('a second SIGTERM ends the process at once', { timeout: 60_000 }, async () => {
  const scorer = startScorer(buildFailingService(), cluster.env);
  await ready(scorer);
  cluster.kafka.setMode('hole'); // else it would be gone before the second
  scorer.kill('SIGTERM');
  await sleep(300);
  expect(scorer.isGone()).toBe(false);
  scorer.kill('SIGTERM');
  expect((await scorer.exited).code).toBe(1);
  cluster.kafka.setMode('open');
}); // prettier-ignore
