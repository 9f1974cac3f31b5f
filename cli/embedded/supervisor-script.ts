/**
 * The program of the supervisor, for `node -e`: plain CommonJS in a string, so that it needs no file beside it and works
 * from sources and compiled alike. It reads orders as JSON lines on stdin (`start`, `stop`, `kill`, `afterwards`) and
 * writes events as JSON lines on stdout (`pid`, `code`, `error`, each with its `id`). End of stdin = end of everything.
 */
export const SUPERVISOR_SCRIPT = `
const { spawn, spawnSync } = require('node:child_process');
const { openSync, closeSync, rmSync } = require('node:fs');
const { constants } = require('node:os');
const [, folder, atEnd] = process.argv;
const programs = new Map();
const last = [];
let ending = false;
const tell = (event) => { try { process.stdout.write(JSON.stringify(event) + '\\n'); } catch {} };
process.stdout.on('error', () => {});
const force = (program) => {
  if (program.killCommand) spawn(program.killCommand[0], program.killCommand.slice(1), { stdio: 'ignore' }).on('error', () => {});
  else program.child.kill('SIGKILL');
};
const stop = (program) => {
  if (program.timer) return;
  program.child.kill('SIGTERM');
  program.timer = setTimeout(() => force(program), 5000);
};
const finish = () => {
  if (!ending || programs.size > 0) return;
  for (const [command, ...args] of last) spawnSync(command, args, { stdio: 'ignore', timeout: 5000 });
  try { if (atEnd === 'remove') rmSync(folder, { recursive: true, force: true, maxRetries: 5 }); } catch {}
  process.exit(0);
};
const start = ({ id, command, args, logFile, killCommand }) => {
  let out;
  try { out = openSync(logFile, 'a'); } catch (error) { tell({ id, error: error.message }); return; }
  const child = spawn(command, args, { stdio: ['ignore', out, out] });
  closeSync(out);
  const program = { child, killCommand };
  child.on('error', (error) => { if (child.pid === undefined) tell({ id, error: error.message }); });
  if (child.pid === undefined) return;
  programs.set(id, program);
  tell({ id, pid: child.pid });
  child.on('exit', (code, signal) => {
    clearTimeout(program.timer);
    programs.delete(id);
    tell({ id, code: code ?? 128 + (constants.signals[signal] ?? 0) });
    finish();
  });
};
const orders = {
  start,
  stop: ({ id }) => { if (programs.has(id)) stop(programs.get(id)); },
  kill: ({ id }) => { if (programs.has(id)) force(programs.get(id)); },
  afterwards: ({ command }) => { last.push(command); },
};
const end = () => {
  ending = true;
  for (const program of programs.values()) stop(program);
  finish();
};
require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => { const order = JSON.parse(line); if (!ending) orders[order.op](order); })
  .on('close', end);
process.stdin.on('error', end);
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
process.on('SIGTERM', end);
`;
