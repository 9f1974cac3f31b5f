/** The causes of the alerts: each breaks something real, and puts it right again. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelRecord } from '../../schemas/generated.ts';
import type { Lab, LabOptions } from './lab.ts';

export interface Scenario {
  readonly cause: string;
  /** Alerts that this fires. */
  readonly fires: readonly string[];
  readonly options?: Omit<LabOptions, 'divisor'>;
  /** Causes it until the signal, and puts it right again. */
  run(lab: Lab, signal: AbortSignal): Promise<void>;
}

/** Drift is seen after a thousand events; nobody sends labels, and a request is not kept for long. */
const HASTY = {
  drift: {
    paneEvents: 250,
    windowPanes: 4,
    minEvents: 1000,
    persistence: 2,
    requestEvents: 1000,
    cooldownEvents: 0,
  },
  training: { retryMs: 1000, expiryMs: 30_000, baseCsv: '/nowhere' },
};

export const SCENARIOS: readonly Scenario[] = [
  {
    cause: 'the process is killed',
    fires: ['BankChurnDown'],
    run: async (lab, signal) => {
      lab.service().kill('SIGKILL');
      await signalled(signal);
      await lab.restart();
    },
  },
  {
    cause: 'a producer changes its format, and no event can be read',
    fires: ['BankChurnNoScores', 'BankChurnDeadLetters'],
    run: async (lab, signal) => {
      await everySecond(signal, () =>
        lab.send('customerEvents', new Array<string>(300).fill('{"customer":1}')),
      );
      const good = lab.stream(400);
      await sleep(4000);
      await good.stop();
    },
  },
  {
    cause: 'more events come than one scorer can take',
    fires: ['BankChurnLagGrows', 'BankChurnSlow'],
    options: { settings: { limits: { maxBatchRecords: 1 } } },
    run: async (lab, signal) => {
      const flood = lab.stream(300);
      await signalled(signal);
      await flood.stop();
    },
  },
  {
    cause: 'the customers change, nobody sends labels, and the request expires',
    fires: ['BankChurnDrift', 'BankChurnRetrainDeferred', 'BankChurnRetrainRejected'],
    options: { settings: HASTY },
    run: async (lab, signal) => {
      const drifted = lab.stream(400, { name: 'ageing', overEvents: 0 });
      await signalled(signal);
      await drifted.stop();
    },
  },
  {
    cause: 'a release whose bytes are missing is activated',
    fires: ['BankChurnModelRefused'],
    run: async (lab, signal) => {
      await lab.send('churnModels', [missing('RELEASE'), missing('ACTIVATION')]);
      await signalled(signal);
    },
  },
  {
    cause: 'the schema registry is away when a scorer starts',
    fires: ['BankChurnRegistryAway', 'BankChurnPartitionStuck'],
    run: async (lab, signal) => {
      const registry = lab.embedded.registryPid!;
      process.kill(registry, 'SIGSTOP');
      try {
        await lab.restart();
        const events = lab.stream(20);
        await sleep(5000);
        await events.stop();
        await signalled(signal);
      } finally {
        process.kill(registry, 'SIGCONT');
      }
    },
  },
  {
    cause: 'the broker is killed',
    fires: ['BankChurnKafkaAway'],
    run: async (lab, signal) => {
      await lab.embedded.killBroker();
      await signalled(signal);
      await lab.embedded.restartBroker();
    },
  },
  {
    cause: 'a worker dies again and again',
    fires: ['BankChurnWorkerDown'],
    options: { env: { WORKERS: '2' } },
    run: (lab, signal) =>
      everySecond(signal, () => {
        const [first] = childrenOf(lab.service().pid!);
        if (first !== undefined) process.kill(first, 'SIGKILL');
      }),
  },
  {
    cause: 'a metric cannot be collected',
    fires: ['BankChurnHttpErrors'],
    options: { program: 'e2e/alerts/failing-metrics.ts' },
    run: async (lab, signal) => {
      lab.service().stdin!.write('fail\n');
      await signalled(signal);
      lab.service().stdin!.write('mend\n');
    },
  },
];

async function everySecond(signal: AbortSignal, work: () => Promise<void> | void): Promise<void> {
  while (!signal.aborted) {
    await work();
    await sleep(1000);
  }
}

const signalled = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** A record about a release that nobody has written. */
function missing(kind: 'RELEASE' | 'ACTIVATION'): string {
  const record: ModelRecord = {
    kind,
    modelVersion: '2026-01-01-0badc0de',
    modelSha256: '0badc0de'.repeat(8),
    origin: 'OPERATOR',
    recordedAt: Date.now(),
    reason: null,
    requestId: null,
    manifest: kind === 'RELEASE' ? '{}' : null,
    artifactOffset: kind === 'RELEASE' ? 1_000_000 : null,
    artifactChunks: kind === 'RELEASE' ? 1 : null,
    actor: null,
    gateReport: null,
    aboutActivation: null,
    outcome: null,
    servingActivation: null,
    approval: null,
    trainer: null,
  };
  return JSON.stringify(record);
}

/** Processes that this one has started. */
function childrenOf(pid: number): number[] {
  try {
    return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .split(/\s+/)
      .filter(Boolean)
      .map(Number);
  } catch {
    return []; // none
  }
}
