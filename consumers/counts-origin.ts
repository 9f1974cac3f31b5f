/** Where drift counts came from: the headers that say so; and the mark of an operator that input is to be scored again. */
import type { InputRange } from '../drift/ranges.ts';
import type { Batch, OutputRecord, SourceRecord } from '../schemas/ports.ts';
import { originHeaders } from './output-origin.ts';

const AGAIN = 'scored-again';
const PLACE = /^(.{1,249})\/(\d{1,6})$/;

/** Headers of the counts of a batch: the group that scored it, and Kafka's id of the topic. */
export const countsHeaders = originHeaders;

const text = ({ headers }: SourceRecord, name: string): string => {
  const value = headers[name];
  return value === undefined ? '' : String(value).slice(0, 300);
};

/** Whose offsets a record's range is of: a topic (by its id: one of the same name has offsets of its own) as a group reads it. */
export const streamOf = (record: SourceRecord, topic: string): string =>
  `${text(record, 'source-group')} ${topic} ${text(record, 'source-topic-id')}`.trim();

/** Says on `drift-counts` that a partition is scored again from an earlier offset on purpose. It has no value. */
export const againMark = (
  group: string,
  batch: Pick<Batch, 'topic' | 'partition' | 'topicId'>,
): OutputRecord => ({
  key: null,
  value: null,
  headers: { ...originHeaders(group, batch), [AGAIN]: `${batch.topic}/${String(batch.partition)}` },
});

/** The partition that such a mark names; undefined: the record is none. */
export function markedAgain(record: SourceRecord): Pick<InputRange, 'stream' | 'partition'> | undefined {
  if (record.value !== null) return undefined;
  const [, topic, partition] = PLACE.exec(text(record, AGAIN)) ?? [];
  if (topic === undefined) return undefined;
  return { stream: streamOf(record, topic), partition: Number(partition) };
}
