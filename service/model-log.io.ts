/** The model log on Kafka. */
import { assertKeptForEver } from './kept-for-ever.ts';
import { fetchRelease } from './model-log-fetch.io.ts';
import type { ModelLogAccess, ModelLogSettings } from './model-log-port.ts';
import { createScan, followLog, readLog } from './model-log-read.io.ts';
import { writeLog } from './model-log-write.io.ts';

export function openModelLog(settings: ModelLogSettings): ModelLogAccess {
  const { kafka, topics, onUnchecked } = settings;
  let isChecked = false;
  const check = async (): Promise<void> => {
    if (isChecked) return;
    await assertKeptForEver(kafka, [topics.churnModels, topics.modelArtifacts], onUnchecked);
    isChecked = true;
  };
  const scan = createScan(settings);
  return {
    check,
    scan: async (onEntry) => {
      await scan.entries((entries) => entries.forEach(onEntry));
    },
    read: async () => (await readLog(scan)).log,
    end: scan.end,
    write: async (decide, origin, release) => {
      await check();
      return writeLog(settings, scan, decide, origin, release);
    },
    fetch: (logged) => fetchRelease(settings, logged),
    follow: async (onLog, onFault) => {
      await check();
      return followLog(settings, scan, onLog, onFault);
    },
  };
}
