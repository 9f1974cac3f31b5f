/** Named points of the loop, in the order a batch passes them. */
export const FAILPOINTS = [
  'armed-before-seek',
  'after-fetch',
  'decode',
  'inference',
  'begin',
  'send-reply',
  'send-offsets',
  'end-txn-written',
  'commit-before-resolve',
  'mid-drain',
] as const;

/** Besides: where a process that stops has asked for the last time whether the partition is still its own. */
export type Failpoint = (typeof FAILPOINTS)[number] | 'before-end-txn';
