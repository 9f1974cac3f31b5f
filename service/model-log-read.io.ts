/** The model log read from its beginning, and followed from its end. */
import { boundsOf } from '../kafka/offsets.ts';
import type { Reader } from '../kafka/port.ts';
import { EMPTY_LOG, foldRecords, recordFault, type LogEntry } from '../models/log.ts';
import { BankChurnError, isTransient, messageOf } from '../schemas/errors.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import type { ModelLogSettings, ReadLog } from './model-log-port.ts';

/** Reads entries of the log; each record that cannot be read is reported once. */
export interface Scan {
  /** Calls back with all entries that the log has now. Resolves with the offset where it ends. */
  entries(onEntries: (entries: readonly LogEntry[]) => void): Promise<number>;
  /** Throws what may pass: the registry may be away. */
  decode(record: SourceRecord): Promise<LogEntry>;
  end(): Promise<number>;
}

export function createScan({ kafka, topics, decode, onSkipped }: ModelLogSettings): Scan {
  const topic = topics.churnModels;
  let toldUpTo = -1;

  function unreadable(offset: number, code: string, fault: string): LogEntry {
    if (offset > toldUpTo) onSkipped({ offset, code, fault });
    toldUpTo = Math.max(toldUpTo, offset);
    return { offset, record: { unreadable: code } };
  }

  async function decodeEntry(source: SourceRecord): Promise<LogEntry> {
    const { offset } = source;
    if (source.value === null) return unreadable(offset, 'RECORD_EMPTY', 'the value is null');
    try {
      const record = await decode(source);
      const fault = recordFault(record);
      return fault === undefined ? { offset, record } : unreadable(offset, 'RECORD_INVALID', fault);
    } catch (error) {
      if (isTransient(error)) throw error;
      const code = error instanceof BankChurnError ? error.code : 'RECORD_UNDECODABLE';
      return unreadable(offset, code, messageOf(error).slice(0, 300));
    }
  }

  return {
    decode: decodeEntry,
    end: async () => (await boundsOf(kafka, topic))[0]?.to ?? 0,
    entries: async (onEntries) => {
      const [bounds] = await boundsOf(kafka, topic);
      const { from, to } = bounds ?? { from: 0, to: 0 };
      await kafka.readRanges(topic, [{ partition: 0, from, to }], async (records) => {
        const entries: LogEntry[] = [];
        for (const record of records) entries.push(await decodeEntry(record));
        onEntries(entries);
      });
      return to;
    },
  };
}

/** The whole log as it is now. */
export async function readLog(scan: Scan): Promise<ReadLog> {
  let log = EMPTY_LOG;
  const next = await scan.entries((entries) => {
    log = foldRecords(log, entries);
  });
  return { log, next };
}

/** The log as it is now, then after each record. */
export async function followLog(
  { kafka, topics }: ModelLogSettings,
  scan: Scan,
  onLog: (read: ReadLog) => void,
  onFault: (error: unknown) => void,
): Promise<Reader> {
  let { log, next } = await readLog(scan);
  onLog({ log, next });
  const onRecord = async (_: string, __: number, record: SourceRecord): Promise<void> => {
    if (record.offset < next) return;
    log = foldRecords(log, [await scan.decode(record)]);
    next = record.offset + 1;
    onLog({ log, next });
  };
  const options = { fromBeginning: true };
  return kafka.openReader([topics.churnModels], options, onRecord, onFault);
}
