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

export type Failpoint = (typeof FAILPOINTS)[number];
