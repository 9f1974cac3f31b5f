/** The compiled program as processes, and what they take of the machine. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../cli/context.ts';
import { startService, type ServiceProcess } from '../cli/service-process.io.ts';
import type { RoleName } from '../service/role-topics.ts';

/** Clock ticks of `/proc/<pid>/stat` in a second: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Starts the service from `dist/`, as users run it. */
export function startBuilt(
  env: Readonly<Record<string, string>>,
  roles: readonly RoleName[] = ['scorer'],
): Promise<ServiceProcess> {
  const quiet = (): void => undefined;
  const root = packageRoot();
  return startService(env, roles, undefined, [], quiet, root, [join(root, 'bin/bankchurn.js')]);
}

/** A process and all that it has started. */
function treeOf(pid: number): number[] {
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  return [pid, ...children.trim().split(' ').filter(Boolean).map(Number).flatMap(treeOf)];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** User and system time of a process and all that it has started, seconds. */
export function cpuSeconds(pid: number): number {
  const ticks = treeOf(pid).map((each) => {
    const fields = readFileSync(`/proc/${String(each)}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return sum(ticks) / TICKS;
}

/** Resident memory, MiB: `VmRSS` now, `VmHWM` at most so far. */
export const residentMiB = (pid: number, which: 'VmRSS' | 'VmHWM'): number =>
  sum(
    treeOf(pid).map((each) => {
      const status = readFileSync(`/proc/${String(each)}/status`, 'utf8');
      return Number(new RegExp(`^${which}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024;
    }),
  );

/** Open sockets of a process: connections to brokers, the sidecar's, none of its children. */
export function sockets(pid: number): number {
  const folder = `/proc/${String(pid)}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(join(folder, fd)).startsWith('socket:');
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}

interface Health {
  readonly status: string;
  readonly partitions: { readonly assigned: number; readonly ready: number };
  readonly workers?: { readonly configured: number; readonly up: number };
}

/** Whether all its workers are up, and together score so many partitions. */
export async function isWhole({ port }: ServiceProcess, partitions: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${String(port)}/health`);
  const { workers, partitions: found } = (await answer.json()) as Health;
  return found.ready === partitions && (workers === undefined || workers.up === workers.configured);
}

/** Events that it has scored since its start, all workers together. */
export async function scored({ port }: ServiceProcess): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  return Number(/^churn_events_total\{result="scored"\} (\d+)/m.exec(text)?.[1] ?? NaN);
}
