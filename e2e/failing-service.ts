/**
 * The service with a failpoint, for tests: `FAILPOINT=name:n[:signal]` (or such a line on standard input) sends itself the
 * signal (SIGKILL) at the n-th pass of a named point of the scorer's loop. It ends with its standard input. Not reachable from what users run (dependency-cruiser holds that).
 */
import { createInterface } from 'node:readline';
import { readConfig, packageRoot } from '../cli/context.ts';
import type { GroupPorts, TransactionalProducer } from '../kafka/group/ports.ts';
import type { LoopPorts } from '../consumers/loop-ports.ts';
import { createLog, serve } from '../service/serve.io.ts';
import type { EventDecoder } from '../schemas/decoder.ts';
import type { Role } from '../schemas/ports.ts';
import type { RoleName } from '../service/role-topics.ts';
import type { Wrap } from '../service/role-settings.ts';
import { eventDecoderOf } from '../service/codecs.ts';
import { registryOf } from '../service/wiring.io.ts';
import type { Failpoint } from './failpoints.ts';
import { PLANTED_BUGS, type BugContext, type PlantedBug } from './planted-bugs.ts';

let name = '';
let left = 0;
let signal: NodeJS.Signals = 'SIGKILL';
let isDraining = false;
/** A signal may take its time. */
const ARRIVES_MS = 200;

function arm(text: string): void {
  const [point = '', nth = '1', how = 'SIGKILL'] = text.split(':');
  [name, left, signal] = [point, Number(nth), how as NodeJS.Signals];
}

function pass(point: Failpoint): void {
  if (point !== name || --left !== 0) return;
  process.stdout.write(`{"msg":"failpoint","point":"${point}"}\n`);
  process.kill(process.pid, signal);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ARRIVES_MS); // not one step further
}

const drained = (point: Failpoint): void => {
  if (isDraining) pass(point);
};

function failingProducer(inner: TransactionalProducer): TransactionalProducer {
  return {
    ...inner,
    addPartitions: async (partitions) => {
      await inner.addPartitions(partitions);
      pass('begin');
    },
    produce: async (batches) => {
      const produced = await inner.produce(batches);
      pass('send-reply');
      return produced;
    },
    commitOffsets: async (...offsets) => {
      drained('mid-drain');
      await inner.commitOffsets(...offsets);
      pass('send-offsets');
    },
    end: async (commits) => {
      if (!commits) return inner.end(commits);
      pass('before-end-txn');
      const committed = inner.end(commits);
      setTimeout(() => pass('end-txn-written'), 1); // on the wire, its answer not yet here
      await committed;
      pass('commit-before-resolve');
    },
    close: () => {
      drained('mid-drain');
      return inner.close();
    },
  };
}

const failingGroup = (ports: GroupPorts): GroupPorts => ({
  ...ports,
  transactions: {
    ...ports.transactions,
    open: async (...what) => failingProducer(await ports.transactions.open(...what)),
    openPlain: async () => failingProducer(await ports.transactions.openPlain()),
  },
});

function failingRole(inner: Role): Role {
  return async (batch, keepAlive) => {
    pass('after-fetch');
    const decision = await inner(batch, keepAlive);
    pass('inference');
    return decision;
  };
}

function failingPorts(ports: LoopPorts): LoopPorts {
  const { source, openRole } = ports;
  return {
    ...ports,
    openRole: async (...where) => failingRole(await openRole(...where)),
    source: {
      ...source,
      seek: (partition, offset) => {
        pass('armed-before-seek');
        source.seek(partition, offset);
      },
    },
  };
}

const failingDecoder =
  (inner: EventDecoder): EventDecoder =>
  async (values) => {
    const decode = await inner(values);
    pass('decode');
    return decode;
  };

function bugContext(): BugContext {
  return {
    freshDecoder: () => eventDecoderOf({ config, registry: registryOf(config) }, config.customer),
  };
}

process.on('SIGTERM', () => (isDraining = true));
arm(process.env['FAILPOINT'] ?? '');
createInterface({ input: process.stdin })
  .on('line', arm)
  .on('close', () => process.exit(1));
const config = readConfig({ config: `${packageRoot()}/configs/config.yaml` });
const bug = process.env['PLANTED_BUG'] as PlantedBug | undefined;
const planted: Wrap = bug === undefined ? {} : PLANTED_BUGS[bug](bugContext());
const roles = (process.env['ROLES'] ?? 'scorer').split(',') as RoleName[];
const exitCode = await serve(config, createLog(config.logLevel), roles, {
  wrap: {
    ports: (ports) => failingPorts(planted.ports?.(ports) ?? ports),
    decoder: (decoder) => failingDecoder(planted.decoder?.(decoder) ?? decoder),
    group: (ports) => failingGroup(planted.group?.(ports) ?? ports),
  },
});
process.exit(exitCode);
