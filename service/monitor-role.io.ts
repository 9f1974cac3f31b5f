/** The monitor on Kafka: what it reads and writes, what it shows, and how it ends. */
import { createMonitor } from '../consumers/monitor.ts';
import { BankChurnError, type ErrorCode } from '../schemas/errors.ts';
import type { DriftCounts } from '../schemas/generated.ts';
import type { OpenRole } from '../schemas/ports.ts';
import { decodeOwn } from './codecs.ts';
import { createDriftView, type DriftView } from './drift-view.ts';
import { findVerdict } from './last-verdict.io.ts';
import { createSkips } from './own-records.ts';
import { commonSettings, skipRecord, type Surroundings } from './role-settings.ts';
import { createSigns, roleState } from './role-view.ts';
import { runRole, type RunningRole } from './run-role.io.ts';
import { controlEncoderOf } from './wiring.io.ts';

/** Errors that concern the monitor alone: its counts are in doubt, or its window is too long for the model. */
const ITS_OWN = new Set<ErrorCode>(['COUNTS_OVERLAP', 'CONFIG_INVALID']);

/** Starts the monitor. It ends alone where other roles run beside it and the error is its own: they go on. */
export function startMonitor(around: Surroundings): RunningRole {
  const { models, metrics, log } = around;
  const view = createDriftView({ metrics, log }, models.activation);
  const settings = {
    ...commonSettings(around, 'monitor'),
    // Committed with the next verdict: the pane that is filling is read again after a restart.
    reject: skipRecord(undefined),
    onCommitted: () => undefined,
  };
  let hasEnded = false;
  const onFatal = (error: unknown): void => {
    const isItsOwn = error instanceof BankChurnError && ITS_OWN.has(error.code);
    if (!isItsOwn || around.isAlone) {
      around.fatal(error);
      return;
    }
    if (hasEnded) return;
    hasEnded = true;
    log.error({ code: error.code, fault: error.message }, 'the monitor stops; the other roles go on');
    around.concerns.warnings.push(`the monitor has stopped: ${error.code}`);
    view.clear();
    void running.stop();
  };
  const running = runRole(settings, monitorRole(around, view), onFatal);
  return { state: () => (hasEnded ? ENDED : running.state()), stop: running.stop };
}

/** A role that has ended holds nobody up. */
const ENDED = { ...roleState(createSigns(), undefined), joined: true, waitingRecords: 0 };

function monitorRole(around: Surroundings, view: DriftView): OpenRole {
  const { config, registry, models, log } = around;
  const { names } = config.topics;
  const onSkippedCounts = createSkips(around, names.driftCounts, Date.now);
  const onSkippedVerdict = createSkips(around, names.driftVerdicts, Date.now);
  const openVerdicts = controlEncoderOf(around, 'driftVerdicts', log);
  const openRequests = controlEncoderOf(around, 'retrainEvents', log);
  return async (partition, offset) => {
    const open = createMonitor({
      rule: config.drift,
      decodeCounts: (record) => decodeOwn(record, registry, 'DriftCounts') as Promise<DriftCounts>,
      encodeVerdict: await openVerdicts(),
      encodeRequest: await openRequests(),
      findVerdict: (isWanted) => findVerdict(around, onSkippedVerdict, isWanted),
      manifestOf: models.manifestOf,
      refusedAt: models.refusedAt,
      topics: names,
      mayOverlap: config.delivery === 'at-least-once',
      onVerdict: view.show,
      onSkipped: onSkippedCounts,
    });
    return open(partition, offset);
  };
}
