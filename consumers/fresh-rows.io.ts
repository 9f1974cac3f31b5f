import { randomUUID } from 'node:crypto';
import type { Kafka } from '../kafka/kafkajs/client.io.ts';
import type { RetrainRequested } from '../schemas/generated.ts';
import type { FreshRows } from '../training/challenger.ts';
import { readRanges, tailRanges } from '../kafka/kafkajs/readers.io.ts';
import { joinFreshRows, type LabelRule } from './fresh-rows.ts';

export interface FreshRowsSettings extends LabelRule {
  readonly kafka: Kafka;
  readonly group: string;
  /** Newest records of either topic that are looked at. */
  readonly scanRecords: number;
}

/** Reads outcomes and events since the drift began, and joins them. */
export function collectFreshRows(
  settings: FreshRowsSettings,
  request: Pick<RetrainRequested, 'driftSince'>,
): Promise<FreshRows> {
  const { kafka, group, scanRecords } = settings;
  return joinFreshRows(
    settings,
    async (topic, sinceMs, onRecords) => {
      const ranges = await tailRanges(kafka, topic, scanRecords, sinceMs);
      await readRanges(kafka, topic, `${group}.labels.${randomUUID()}`, ranges, onRecords);
    },
    request,
  );
}
