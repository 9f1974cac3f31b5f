/** The service whose `/metrics` fails every second time from the line `fail` on standard input to the line `mend`. For the alert on HTTP errors. */
import { createInterface } from 'node:readline';
import { readConfig } from '../../cli/context.ts';
import { startSidecar } from '../../service/sidecar.io.ts';
import { createLog, serve, type Outlet } from '../../service/serve.io.ts';
import { ROLES } from '../../service/role-topics.ts';

const config = readConfig({ config: process.env['CONFIG']! });
let isFailing = false;
let scrapes = 0;
createInterface({ input: process.stdin })
  .on('line', (line) => {
    isFailing = line === 'fail';
  })
  .on('close', () => process.kill(process.pid, 'SIGTERM'));

const outlet: Outlet = (view) =>
  startSidecar({
    ...config.http,
    ...view,
    registry: () =>
      isFailing && scrapes++ % 2 === 0
        ? Promise.reject(new Error('this metric cannot be collected'))
        : Promise.resolve(view.metrics.registry),
  });

process.exitCode = await serve(config, createLog(config.logLevel), ROLES, { outlet });
process.exit();
