/** Output records as the simulation packs them: their values, a line each. */
import type { EncodedRecords } from '../../schemas/record-frames.ts';
import type { OutputRecord } from '../../schemas/ports.ts';

export const encode = (records: readonly OutputRecord[]): EncodedRecords => ({
  bytes: Buffer.from(records.map(({ value }) => String(value)).join('\n')),
  count: records.length,
});

export const valuesOf = ({ bytes }: EncodedRecords): string[] => bytes.toString().split('\n');

/** Of a value that the broker finds too large. */
const HEAVY = '^';
export const heavy = (value: string): string => `${value}${HEAVY}`;
export const isHeavy = (value: string): boolean => value.endsWith(HEAVY);
