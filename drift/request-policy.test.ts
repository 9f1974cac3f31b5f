/** Once per episode, not too soon, not too often; armed again after a refusal and when the drift has gone. */
import { expect, test } from 'vitest';
import { decideRequest, INITIAL_POLICY, type Finding, type PolicyState } from './request-policy.ts';
import { RULE } from './rule.fixture.ts';
import type { WindowTest } from './window-test.ts';

const HOUR_MS = 3_600_000;
const windowOf = (drifted: boolean, scorePsi: number): WindowTest => ({
  ...{ events: 4000, customers: 4000, drifted, calm: !drifted },
  series: [{ name: 'score', psi: scorePsi, chiSquare: 0, degrees: 1, pValue: 1, effect: 0, drifted }],
});

/** Verdicts, one an hour and 500 events each: D drifted, P by the PSI alone, c calm, n neither; request (!) or why not. */
function run(verdicts: string, more: Partial<Finding> = {}, rule = RULE, from: PolicyState = INITIAL_POLICY) {
  let state = from;
  const said: string[] = [];
  const asked: string[] = [];
  Array.from(verdicts).forEach((verdict, i) => {
    const test_ = windowOf(verdict === 'D', verdict === 'P' ? 0.3 : 0);
    const finding: Finding = {
      test: verdict === 'n' ? { ...test_, calm: false } : test_,
      ...{
        isFull: true,
        byPsi: verdict === 'P',
        events: 500,
        timeMs: i * HOUR_MS,
        requestId: `r${String(i)}`,
      },
      ...{ refusedAt: () => undefined, ...more },
    };
    const { request, withheld, ...next } = decideRequest(state, finding, rule);
    state = next;
    said.push(request ? '!' : withheld === null ? '.' : withheld[0]!);
    if (request) asked.push(finding.requestId);
  });
  return { said: said.join(''), asked, state };
}
const FREE = { ...RULE, cooldownEvents: 0 };

test('a drift is asked about when it has persisted, once, however long it lasts', () => {
  expect(run('DDDDDDDDDDDD').said).toBe('pp!aaaaaaaaa');
  expect(run('DnDDnDDD').said).toBe('p.pp.pp!');
});

test('a PSI above the threshold asks at once; a window that is not full asks for nothing', () => {
  expect(run('PPP').said).toBe('!aa');
  expect(run('DDDPP', { isFull: false }).said).toBe('wwwww');
});

test('the drift has gone only when it was calm as often in a row: then the next one is asked about', () => {
  expect(run('DDDccDDDcnccDDD', {}, FREE).said).toBe('pp!..ppa....ppa');
  expect(run('DDDcccDDD', {}, FREE)).toMatchObject({ said: 'pp!...pp!', asked: ['r2', 'r8'] });
});

test('a refused request lets the drift be asked about again, when event time is past the refusal', () => {
  const refusedAt = (id: string): number | undefined => (id === 'r2' ? 4 * HOUR_MS : undefined);
  expect(run('DDDDDDDDD', { refusedAt }, FREE)).toMatchObject({ said: 'pp!aa!aaa', asked: ['r2', 'r5'] });
});

test('cooldown in events and in time', () => {
  const refusedAt = (): number => 0;
  expect(run('DDDDDDDDDDD', { refusedAt }).said).toBe('pp!ccc!ccc!');
  const byTime = { ...FREE, cooldownMs: 5 * HOUR_MS };
  expect(run('DDDDDDDDDDDDD', { refusedAt }, byTime).said).toBe('pp!cccc!cccc!');
});

test('the requests of a week, over seven days of event time', () => {
  const refusedAt = (): number => 0;
  const { said } = run('D'.repeat(24 * 7 + 4), { refusedAt }, FREE);
  expect(said.slice(0, 7)).toBe('pp!!!bb');
  expect(said.slice(24 * 7, 24 * 7 + 4)).toBe('bb!!');
});
