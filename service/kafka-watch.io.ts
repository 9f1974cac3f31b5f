/** Looks at Kafka now and then over a connection of its own: what `/health` says of it is then known whatever the roles wait for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaError } from '../kafka/errors.ts';
import type { KafkaClient } from '../kafka/port.ts';
import { messageOf } from '../schemas/errors.ts';
import { faultOf, type Fault } from './fault.ts';
import type { KafkaView } from './health-state.ts';
import type { Metrics } from './metrics.io.ts';
import type { Log } from './role-view.ts';
import { topicFaults, topicsOf, type TopicNeeds } from './topic-checks.ts';

const LOOK_EVERY_MS = 2000;
/** While it finds a fault, so that the end of it is seen soon, milliseconds. */
const LOOK_AGAIN_MS = 1000;
/** A look that has no answer after this long counts as none, milliseconds. */
const LATE_MS = 3000;

export interface KafkaWatchSettings {
  readonly kafka: Pick<KafkaClient, 'openProbe'>;
  readonly brokers: readonly string[];
  readonly needs: readonly TopicNeeds[];
  readonly metrics: Pick<Metrics, 'kafkaUp'>;
  readonly log: Log;
  /** Called after each look. */
  readonly onLook: (answers: boolean) => void;
}

export interface KafkaWatch {
  /** At once: of the last look, or of the one that has waited for too long. */
  view(): KafkaView;
  stop(): Promise<void>;
}

/** Starts; looks until `stop`. */
export function watchKafka(settings: KafkaWatchSettings): KafkaWatch {
  const { kafka, brokers, needs, metrics, onLook } = settings;
  const where = brokers.join(', ');
  const probe = kafka.openProbe();
  const topics = topicsOf(needs);
  const tell = createTeller(settings.log);
  let last: KafkaView = {
    isUsable: false,
    faults: [{ code: 'CONNECTING', detail: `connecting to Kafka at ${where}` }],
  };
  const isLate = {
    isUsable: false,
    faults: [awayFault(new Error(`no answer for ${String(LATE_MS / 1000)} s`), where)],
  };
  let stopped = false;

  async function look(): Promise<void> {
    const late = setTimeout(() => show(isLate), LATE_MS).unref();
    try {
      show({ isUsable: true, faults: topicFaults(await probe.look(topics), needs) });
    } catch (error) {
      show({ isUsable: false, faults: [awayFault(error, where)] });
    } finally {
      clearTimeout(late);
    }
    onLook(last.isUsable);
  }

  function show(view: KafkaView): void {
    last = view;
    metrics.kafkaUp.set(view.isUsable ? 1 : 0);
    tell(view.faults);
  }

  async function keepLooking(): Promise<void> {
    while (!stopped) {
      await look();
      await sleep(last.faults.length === 0 ? LOOK_EVERY_MS : LOOK_AGAIN_MS, undefined, { ref: false });
    }
  }

  void keepLooking();
  return {
    view: () => last,
    stop: async () => {
      stopped = true;
      await probe.close();
    },
  };
}

/** Logins and certificates name themselves; of the rest it matters which addresses were tried. */
function awayFault(error: unknown, where: string): Fault {
  if (error instanceof KafkaError && (error.kind === 'unauthorized' || error.kind === 'tls'))
    return faultOf(error);
  return { code: 'BROKER_UNAVAILABLE', detail: `Kafka does not answer at ${where}: ${messageOf(error)}` };
}

/** A line for each change. */
function createTeller(log: Log): (faults: readonly Fault[]) => void {
  let told = '';
  return (faults) => {
    const text = faults.map(({ detail }) => detail).join('; ');
    if (text === told) return;
    if (faults[0] === undefined) log.info({}, 'Kafka answers and its topics are there');
    else log.warn({ code: faults[0].code, fault: text }, 'Kafka cannot be used as it is');
    told = text;
  };
}
